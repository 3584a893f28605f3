"""What is somebody else's is not there: on every route of the OpenAPI document, with every method."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from _http import client_of, small_settings
from _other_callers import Attempt, attempts
from fastapi.testclient import TestClient

from indexing.worker import run_job, work_forever
from rag.compose import Grove
from rag.core.access import Access
from rag.core.oidc_settings import OidcSettings
from rag.db.sessions import Sessions

TEXT = "The quetzal nests behind the waterfall of Ixchel."
WORDS = ("quetzal", "Ixchel", "waterfall", "aviary", "ornithologist")
# It tells the caller what it has asked for itself.
TELLS_OWN_WORDS = ("listAudit",)
MAKES_ITS_OWN = ("createCollection", "createVectorStore", "uploadDocuments")
REFUSED_HERE = ("ingestUrls", "syncCollection", "addSchedule")  # to all: nothing is served or fetched
OF_NOBODY = {"ready", "health", "metrics", "getModel"}


@dataclass(frozen=True)
class Installation:
    """One tenant's things, and the keys of those who must not see them."""

    grove: Grove
    client: TestClient
    ids: dict[str, str]
    callers: dict[str, dict[str, str]]

    def things(self) -> dict[str, Any]:
        """Give all that the owner has."""
        view = self.grove.within(Access("acme"))
        return {
            "collections": [
                (each.name, each.documents, each.chunks) for each in view.catalog.collections()
            ],
            "documents": view.catalog.documents("vault"),
            "files": view.files.files(limit=100, after=None, is_ascending=True),
            "jobs": view.jobs.jobs(),
            "runs": view.runs.runs(),
            "events": view.runs.events(self.ids["run_id"]),
            "sessions": view.sessions.sessions(),
            "keys": {key.key_id: key.state for key in view.keys.keys()},
        }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    grove = Grove(small_settings(tmp_path_factory.mktemp("tenants")))
    client = client_of(grove)
    owner = grove.within(Access("acme"))

    def key(tenant: str, *scopes: str, collections: list[str] | None = None) -> dict[str, str]:
        keys = grove.within(Access(tenant)).keys
        secret = keys.create("k", scopes=scopes, collections=collections).secret
        return {"authorization": f"Bearer {secret}"}

    mine = key("acme", "admin")
    files = {"files": ("aviary.txt", TEXT.encode())}
    sent = client.post("/api/v1/collections/vault/documents", files=files, headers=mine)
    job = run_job(owner, sent.json()["job_id"])
    assert job is not None
    body = {"question": "Where does the quetzal nest?", "collection": "vault"}
    asked = client.post("/api/v1/ask", json=body, headers=mine).json()
    assert asked["citations"], asked
    files = {"file": ("ornithologist.txt", TEXT.encode())}
    kept = client.post("/v1/files", files=files, data={"purpose": "assistants"}, headers=mine)
    ids = {
        "vector_store_id": "vault",
        "file_id": kept.json()["id"],
        "batch_id": job.job_id,
        "response_id": f"resp_{asked['run_id']}",
        "name": "vault",
        "collection": "vault",
        "document_id": str(job.files[0].document_id),
        "job_id": job.job_id,
        "run_id": asked["run_id"],
        "session_id": signed_in(owner),
        "key_id": owner.keys.create("ornithologist", scopes=["ask"], user="ornithologist").key.key_id,
    }
    callers = {
        "another tenant": key("other", "admin"),
        "another list": key("acme", "read", "ask", "write", collections=["public"]),
    }
    yield Installation(grove, client, ids, callers)
    grove.database.close()


def signed_in(owner: Grove) -> str:
    settings = OidcSettings(
        issuer="https://sso.example.com",
        client_id="grove",
        public_url="https://grove.example.com",
        default_scopes=("ask",),
    )
    access = Access("acme", "user:ornithologist", frozenset({"ask"}))
    sessions = Sessions(owner.database, settings)
    return sessions.begin(access, name="ornithologist", id_token="t")[1].session_id


def every_attempt(installed: Installation) -> list[Attempt]:
    document = installed.client.app.openapi()  # type: ignore[attr-defined]
    return list(attempts(document, installed.ids))


@pytest.mark.parametrize("caller", ["another tenant", "another list"])
def test_no_route_gives_or_changes_what_is_somebody_elses(installed: Installation, caller: str) -> None:
    headers, before = installed.callers[caller], installed.things()
    made = sorted(every_attempt(installed), key=lambda each: each.operation in MAKES_ITS_OWN)
    assert len(made) > 25
    assert {name for each in made for name in each.asks_for} == set(installed.ids)
    wrong = {}
    for each in made:
        reply = installed.client.request(each.method, each.path, headers=headers, **each.options())
        said = reply.text + str(dict(reply.headers))
        leaked = [word for word in WORDS if word.lower() in said.lower()]
        told = installed.ids if each.operation in TELLS_OWN_WORDS else each.asks_for
        asked = " ".join(installed.ids[name] for name in told)
        leaked += [value for value in installed.ids.values() if value not in asked and value in said]
        if leaked or reply.status_code not in expected(each, caller):
            wrong[each.operation] = (reply.status_code, leaked, reply.text[:200])
    assert wrong == {}
    assert installed.things() == before


def expected(each: Attempt, caller: str) -> set[int]:
    """Give the statuses that tell nothing."""
    is_for_administrators = each.path.startswith(("/api/v1/erase/", "/api/v1/keys", "/api/v1/sessions"))
    if is_for_administrators:
        return {403} if caller == "another list" else {404, 200, 201}
    if not each.asks_for or each.operation in OF_NOBODY:
        return {200, 201, 202, 400, 403, 404, 422}
    if caller == "another tenant" and each.operation in MAKES_ITS_OWN:
        return {201, 202, 409}  # a collection of its own, of the same name
    if caller == "another tenant" and each.operation in REFUSED_HERE:
        return {422}
    return {404}


def test_the_owner_is_answered_on_the_same_requests(installed: Installation) -> None:
    mine = installed.grove.within(Access("acme")).keys.create("mine", scopes=["admin"]).secret
    looked_at = [each for each in every_attempt(installed) if each.method == "GET" and each.asks_for]
    assert len(looked_at) > 5
    for each in looked_at:
        reply = installed.client.get(each.path, headers={"x-api-key": mine})
        assert reply.status_code in (200, 204, 404), (each, reply.text)
        if each.operation in ("getDocument", "getRun", "getJob", "listDocuments"):
            assert reply.status_code == 200


def test_who_may_only_read_a_collection_is_told_so(installed: Installation) -> None:
    keys = installed.grove.within(Access("acme")).keys
    shown = {"x-api-key": keys.create("k", scopes=["read", "ask"], collections=["vault"]).secret}
    found = installed.client.post(
        "/api/v1/search", json={"query": "quetzal", "collection": "vault"}, headers=shown
    )
    assert [hit["document_id"] for hit in found.json()["hits"]] == [installed.ids["document_id"]]
    assert installed.client.delete("/api/v1/collections/vault", headers=shown).status_code == 403


def test_a_collection_of_the_same_name_is_another_one_in_another_tenant(installed: Installation) -> None:
    headers = installed.callers["another tenant"]
    search = {"query": "quetzal", "collection": "vault"}
    installed.client.post("/api/v1/collections", json={"name": "vault"}, headers=headers)
    assert installed.client.post("/api/v1/search", json=search, headers=headers).json()["hits"] == []


def test_a_conversation_is_about_a_collection_that_its_owner_sees(installed: Installation) -> None:
    collections = [("another list", "vault"), ("another list", "public"), ("another tenant", "nowhere")]
    for caller, collection in collections:
        headers = installed.callers[caller]
        body = {"collection": collection, "title": "Birds"}
        reply = installed.client.post("/api/v1/conversations", json=body, headers=headers)
        assert (reply.status_code, reply.json()["status"]) == (404, 404)
        assert reply.headers["content-type"] == "application/problem+json"
        listed = installed.client.get("/api/v1/conversations", headers=headers)
        assert listed.json()["conversations"] == []


def test_a_worker_serves_every_tenant(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home))
    client, stop = client_of(grove), Event()
    secrets = {
        name: grove.within(Access(name)).keys.create("k", scopes=["admin"]).secret for name in ("a", "b")
    }
    for name, secret in secrets.items():
        files = {"files": (f"{name}.txt", f"A text of {name}.".encode())}
        client.post(
            "/api/v1/collections/default/documents", files=files, headers={"x-api-key": secret}
        ).raise_for_status()
    Timer(8.0, stop.set).start()
    work_forever(grove, stop)
    for name in secrets:
        documents = grove.within(Access(name)).catalog.documents("default")
        assert [(each.source, each.status) for each in documents] == [(f"{name}.txt", "ready")]
