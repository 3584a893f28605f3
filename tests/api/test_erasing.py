"""What was erased is in no table, no segment and no file: the bytes themselves are looked for."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from urllib.parse import quote

import pytest
from _http import client_of, small_settings, wait_until
from fastapi.testclient import TestClient
from sqlalchemy import select

from agents.runs import ask
from api.erasing import erase_conversation, erase_document, erase_run, erase_subject
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.access import Access
from rag.core.errors import NotFoundError, UnauthenticatedError
from rag.core.events import Event, RunFailed, RunStarted, TokenGenerated
from rag.core.oidc_settings import OidcSettings
from rag.core.settings import Part
from rag.db.keys import access_of, has_keys
from rag.db.sessions import Sessions
from rag.db.tables import Base

GONE = "Zanzibarquartz"
KEPT = "Lighthousekeeper"
OIDC = OidcSettings(
    issuer="https://sso.example.com",
    client_id="grove",
    public_url="https://grove.example.com",
    default_scopes=("ask",),
)


@pytest.fixture(params=["faiss", pytest.param("pgvector", marks=pytest.mark.postgres)])
def grove(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Grove]:
    url = request.getfixturevalue("postgres_url") if request.param == "pgvector" else None
    home, store = tmp_path / "home", Part(kind=request.param)
    grove = Grove(small_settings(home, store=store, database_url=url, indexes="dense,late"))
    yield grove
    grove.database.close()


def ingest(client: TestClient, grove: Grove, **texts: str) -> dict[str, str]:
    files = [("files", (f"{name}.txt", text.encode())) for name, text in texts.items()]
    job = run_job(grove, client.post("/api/v1/collections/default/documents", files=files).json()["job_id"])
    assert job is not None
    return {file.source.removesuffix(".txt"): str(file.document_id) for file in job.files}


def files_with(grove: Grove, word: str) -> list[str]:
    """Give the files of the home that hold a word, in small letters as the index of words has it too."""
    wanted = word.lower().encode()
    home = grove.settings.home_dir
    return [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and wanted in path.read_bytes().lower()
    ]


def tables_with(grove: Grove, word: str) -> list[str]:
    with grove.database.read() as session:
        return [
            table.name
            for table in Base.metadata.sorted_tables
            if any(word.lower() in str(tuple(row)).lower() for row in session.execute(select(table)))
        ]


def found(client: TestClient, word: str) -> list[str]:
    hits = client.post("/api/v1/search", json={"query": word, "retriever": "lexical"}).json()["hits"]
    return [hit["source"] for hit in hits]


def test_of_an_erased_document_nothing_is_left(grove: Grove) -> None:
    client = client_of(grove)
    ids = ingest(client, grove, secret=f"The {GONE} is in the safe.", other=f"The {KEPT} sleeps.")
    quoting = client.post("/api/v1/ask", json={"question": "Where is the safe?"}).json()["run_id"]
    assert tables_with(grove, GONE) != []
    assert grove.settings.home_dir.exists()
    if not grove.database.is_postgresql:
        assert len(files_with(grove, GONE)) > 2
    erased = erase_document(grove, ids["secret"])
    assert (erased.documents, erased.runs) == (1, 1)
    assert files_with(grove, GONE) == []
    assert tables_with(grove, GONE) == []
    assert found(client, GONE) == []
    assert client.get(f"/api/v1/runs/{quoting}").status_code == 404
    assert found(client, KEPT) == ["other.txt"]
    assert KEPT in client.get(f"/api/v1/documents/{ids['other']}").json()["text"]


def test_what_is_answered_or_waits_while_a_document_is_erased_does_not_bring_it_back(grove: Grove) -> None:
    client = client_of(grove)
    ids = ingest(client, grove, secret=f"The {GONE} is in the safe.", other=f"The {KEPT} sleeps.")
    grove.runs.start("waiting", "Where?", "default").result()
    grove.runs.finish("waiting", "waiting", [TokenGenerated(1, f"The {GONE}")]).result()

    async def answered() -> list[Event]:
        events = []
        async with aclosing(ask(grove, "Where is the safe?", generator="slow")) as coming:
            async for event in coming:
                events.append(event)
                if isinstance(event, TokenGenerated) and len(said(events)) == 2:
                    await asyncio.to_thread(erase_document, grove, ids["secret"])
        return events

    def said(events: list[Event]) -> list[Event]:
        return [event for event in events if isinstance(event, TokenGenerated)]

    events = asyncio.run(answered())
    assert (files_with(grove, GONE), tables_with(grove, GONE)) == ([], [])
    assert isinstance(events[0], RunStarted)
    for run_id in (events[0].run_id, "waiting"):
        last = grove.runs.events(run_id)[-1]
        assert isinstance(last, RunFailed)
        assert (last.error, grove.runs.run(run_id).state) == ("ConflictError", "failed")
    assert events[-1] == grove.runs.events(events[0].run_id)[-1]


def test_also_former_versions_are_erased(grove: Grove) -> None:
    client = client_of(grove)
    ingest(client, grove, notes=f"First the {GONE} was here.")
    ids = ingest(client, grove, notes="Now nothing is.")
    erase_document(grove, ids["notes"])
    assert (files_with(grove, GONE), tables_with(grove, GONE)) == ([], [])


def test_of_an_erased_question_nothing_is_left_and_the_document_stays(grove: Grove) -> None:
    client = client_of(grove)
    ingest(client, grove, other=f"The {KEPT} sleeps.")
    asked = client.post("/api/v1/ask", json={"question": f"Who knows {GONE}?"}).json()
    erase_run(grove, asked["run_id"])
    assert (files_with(grove, GONE), tables_with(grove, GONE)) == ([], [])
    assert found(client, KEPT) == ["other.txt"]


def test_of_an_erased_conversation_nothing_is_left_not_even_what_was_edited_away(grove: Grove) -> None:
    client = client_of(grove)
    ingest(client, grove, other=f"The {KEPT} sleeps.")
    named = {"collection": "default", "title": f"About {GONE}"}
    ids = [client.post("/api/v1/conversations", json=named).json()["conversation_id"] for _ in range(2)]
    client.patch(f"/api/v1/conversations/{ids[1]}", json={"title": "Another"})
    asked = {"question": f"Who knows {GONE}?", "conversation_id": ids[0]}
    first = client.post("/api/v1/ask", json=asked).json()["run_id"]
    client.post("/api/v1/ask", json={**asked, "question": f"Where is {GONE}?", "replaces": first})
    said = {"rating": "down", "reason": f"Nothing of {GONE}."}
    client.post(f"/api/v1/runs/{first}/feedback", json=said)
    client.post("/api/v1/ask", json={"question": f"Who is the {KEPT}?", "conversation_id": ids[1]})
    assert len(tables_with(grove, GONE)) > 3
    assert erase_conversation(grove, ids[0]).runs == 2
    assert (files_with(grove, GONE), tables_with(grove, GONE)) == ([], [])
    assert client.get(f"/api/v1/conversations/{ids[0]}").status_code == 404
    assert len(client.get(f"/api/v1/conversations/{ids[1]}").json()["turns"]) == 1
    assert found(client, KEPT) == ["other.txt"]


def test_of_an_erased_person_nothing_is_left_and_nobody_is_let_in_for_it(grove: Grove) -> None:
    client = client_of(grove)
    ingest(client, grove, other=f"The {KEPT} sleeps.")
    made = grove.keys.create(f"key of {GONE}", scopes=["ask", "write"], user=GONE)
    shown = {"x-api-key": made.secret}
    client.post("/api/v1/ask", json={"question": f"I am {GONE}."}, headers=shown)
    named = {"collection": "default", "title": f"What {GONE} asks"}
    client.post("/api/v1/conversations", json=named, headers=shown)
    sent = {"file": ("mine.txt", f"By {GONE}.".encode())}
    client.post("/v1/files", files=sent, data={"purpose": "assistants"}, headers=shown)
    wait_until(lambda: len(grove.audit.entries()) == 4)
    Sessions(grove.database, OIDC).begin(Access("default", f"user:{GONE}"), name=GONE, id_token=f"t-{GONE}")
    erased = erase_subject(grove, f"user:{GONE}")
    assert (erased.runs, erased.files) == (1, 1)
    assert (files_with(grove, GONE), tables_with(grove, GONE)) == ([], [])
    with pytest.raises(UnauthenticatedError):
        access_of(grove.database, made.secret)
    assert has_keys(grove.database)


def test_what_an_erased_person_has_sent_is_in_no_segment_no_job_and_nobodys_answer(grove: Grove) -> None:
    client = client_of(grove)
    ingest(client, grove, other=f"The {KEPT} sleeps.")
    keys = [grove.keys.create("k", scopes=["ask", "write"], user=user).secret for user in ("Ann", "Bob")]
    ann, bob = ({"x-api-key": secret} for secret in keys)
    sent = {"file": (f"{GONE}.txt", f"The {GONE} is in the safe.".encode())}
    file = client.post("/v1/files", files=sent, data={"purpose": "assistants"}, headers=ann).json()["id"]
    client.post("/v1/vector_stores", json={"name": "later"}, headers=ann)
    for store in ("default", "later"):
        attached = client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file}, headers=ann)
        assert attached.status_code == 200
    run_job(grove)
    asked = client.post("/api/v1/ask", json={"question": "Where is the safe?"}, headers=bob).json()
    assert GONE in str(asked)
    erased = erase_subject(grove, "user:Ann")
    assert (erased.documents, erased.runs, erased.files) == (1, 1, 1)
    assert (files_with(grove, GONE), tables_with(grove, GONE)) == ([], [])
    assert client.get(f"/api/v1/runs/{asked['run_id']}", headers=bob).status_code == 404
    assert run_job(grove) is None
    search = {"query": KEPT, "retriever": "lexical"}
    assert client.post("/api/v1/search", json=search, headers=bob).json()["hits"]


def test_who_has_only_signed_in_is_erased_too(grove: Grove) -> None:
    Sessions(grove.database, OIDC).begin(Access("default", f"user:{GONE}"), name=GONE, id_token="t")
    erase_subject(grove, f"user:{GONE}")
    assert (files_with(grove, GONE), tables_with(grove, GONE)) == ([], [])


def test_a_person_with_slashes_in_the_name_is_erased_over_http(grove: Grove) -> None:
    shown = {
        "x-api-key": grove.keys.create("k", scopes=["admin"], user="https://sso.example.com/u/7").secret
    }
    path = f"/api/v1/erase/subjects/{quote('user:https://sso.example.com/u/7', '')}"
    reply = client_of(grove).delete(path, headers=shown)
    assert reply.status_code == 200, reply.text
    assert "sso.example.com" not in str(grove.keys.keys())


def test_administrators_erase_over_http_and_only_in_their_tenant(grove: Grove) -> None:
    client = client_of(grove)
    ids = ingest(client, grove, secret=f"The {GONE} is in the safe.")
    keys = {
        name: {"x-api-key": grove.within(Access(tenant)).keys.create("k", scopes=[scope]).secret}
        for name, tenant, scope in (
            ("other", "other", "admin"),
            ("writer", "default", "write"),
            ("own", "default", "admin"),
        )
    }
    path = f"/api/v1/erase/documents/{ids['secret']}"
    assert client.delete(path, headers=keys["other"]).status_code == 404
    assert client.delete(path, headers=keys["writer"]).status_code == 403
    assert client.delete("/api/v1/erase/subjects/user:nobody", headers=keys["own"]).status_code == 404
    begun = client.post("/api/v1/conversations", json={}, headers=keys["own"]).json()
    conversation = f"/api/v1/erase/conversations/{begun['conversation_id']}"
    assert client.delete(conversation, headers=keys["other"]).status_code == 404
    assert client.delete(conversation, headers=keys["writer"]).status_code == 403
    assert client.delete(conversation, headers=keys["own"]).json()["runs"] == 0
    assert client.delete(path, headers=keys["own"]).json() == {"documents": 1, "runs": 0, "files": 0}
    assert (files_with(grove, GONE), tables_with(grove, GONE)) == ([], [])


def test_what_is_not_there_is_not_erased(grove: Grove) -> None:
    for erase in (erase_document, erase_run, erase_conversation, erase_subject):
        with pytest.raises(NotFoundError):
            erase(grove, "nothing")
