"""A backup has all that people see: restored, conversations and files are what they were."""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _http import client_of, ingested, small_settings
from fastapi.testclient import TestClient

from indexing.worker import run_job
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.core.settings import IngestionSettings, Part, ServerSettings
from rag.db.archive import PARTS, Archive

HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook.pdf"
QUESTION = "How tall is the tower?"
Open = Callable[..., Grove]


@pytest.fixture
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Open:
    """Open an installation by name, on SQLite with FAISS or on PostgreSQL with pgvector."""

    def grove(name: str, kind: str = "sqlite", **changes: Any) -> Grove:
        url = request.getfixturevalue("postgres_url") if kind == "postgres" else None
        store = Part(kind="pgvector" if url else "faiss")
        server = ServerSettings(share_links=True, max_upload_bytes=1_000_000)
        given = {"store": store, "database_url": url, "server": server, **changes}
        return Grove(small_settings(tmp_path / name, **given))

    return grove


def fill(grove: Grove) -> TestClient:
    """Take documents in, one of them changed since, and talk about them."""
    client = client_of(grove)
    ingested(client, grove)
    ingested(client, grove, text="The tower in Paris is 330 metres tall.")
    sent = {"files": ("handbook.pdf", HANDBOOK.read_bytes())}
    run_job(grove, client.post("/api/v1/collections/default/documents", files=sent).json()["job_id"])
    begun = client.post("/api/v1/conversations", json={}).json()["conversation_id"]
    asked = {"question": QUESTION, "conversation_id": begun}
    first = client.post("/api/v1/ask", json=asked).json()["run_id"]
    second = client.post("/api/v1/ask", json={**asked, "question": "And who built it?"}).json()["run_id"]
    edited = {**asked, "question": "Who was Eiffel? 🌳", "replaces": second}
    assert client.post("/api/v1/ask", json=edited).status_code == 200
    client.post(f"/api/v1/runs/{first}/feedback", json={"rating": "down", "reason": "too short"})
    client.patch(f"/api/v1/conversations/{begun}", json={"title": "Towers — and trees"})
    client.post(f"/api/v1/conversations/{begun}/share")
    client.post("/api/v1/conversations", json={"title": "an empty one"})
    return client


def seen(client: TestClient) -> dict[str, Any]:
    """Give all that a person sees of conversations and of the files of documents."""
    listed = client.get("/api/v1/conversations").json()
    ids = [each["conversation_id"] for each in listed["conversations"]]
    documents = client.get("/api/v1/collections/default/documents").json()["documents"]
    files = {}
    for document in documents:
        for version in range(1, document["version"] + 1):
            url = f"/api/v1/documents/{document['document_id']}/file?version={version}"
            reply = client.get(url)
            files[document["source"], version] = (
                reply.status_code,
                hashlib.sha256(reply.content).hexdigest(),
            )
    return {
        "list": listed,
        "conversations": [client.get(f"/api/v1/conversations/{each}").json() for each in ids],
        "feedback": client.get("/api/v1/feedback").json(),
        "runs": client.get("/api/v1/runs").json(),
        "files": files,
    }


def exported(grove: Grove, path: Path, **options: Any) -> Any:
    archive = Archive(grove.database, grove.store, grove.access, originals=grove.originals)
    return archive.export(path, settings={}, on_rows=lambda done, total: None, **options)


def restored(grove: Grove, path: Path) -> Any:
    archive = Archive(grove.database, grove.store, grove.access, originals=grove.originals)
    return archive.restore(path, on_rows=lambda done, total: None)


@pytest.mark.parametrize("target", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_restored_conversations_and_files_are_what_they_were(
    opened: Open, tmp_path: Path, target: str
) -> None:
    old, new = opened("old"), opened("new", target)
    before = seen(fill(old))
    assert [len(each["turns"]) for each in before["conversations"]] == [0, 2]
    counts = exported(old, tmp_path / "all")
    assert (counts.conversations, counts.originals) == (2, len(before["files"]))
    assert restored(new, tmp_path / "all") == counts
    client = client_of(new)
    assert seen(client) == before
    link = before["conversations"][1]["conversation"]["share_token"]
    assert len(client.get(f"/api/v1/shared/{link}").json()["turns"]) == 2
    going_on = {
        "question": QUESTION,
        "conversation_id": before["list"]["conversations"][1]["conversation_id"],
    }
    assert client.post("/api/v1/ask", json=going_on).status_code == 200


def test_what_is_here_already_stays_as_it_is(opened: Open, tmp_path: Path) -> None:
    grove = opened("old")
    client = fill(grove)
    exported(grove, tmp_path / "all")
    begun = seen(client)["list"]["conversations"][-1]["conversation_id"]
    client.patch(f"/api/v1/conversations/{begun}", json={"title": "Renamed since"})
    after = seen(client)
    for path in (grove.settings.home_dir / "originals").glob("*/*/*"):
        os.utime(path, (0, 0))  # what is young is left to a worker
    client.delete("/api/v1/collections/default")
    assert not list((grove.settings.home_dir / "originals").glob("*/*/*"))
    restored(grove, tmp_path / "all")
    assert seen(client) == after


def test_parts_may_be_left_out(opened: Open, tmp_path: Path) -> None:
    old = opened("old")
    before = seen(fill(old))
    for part in PARTS:
        counts = exported(old, tmp_path / part, parts=[part])
        new = opened(f"only {part}")
        assert restored(new, tmp_path / part) == counts
        client = client_of(new)
        after = seen(client)
        has_files = {status for status, _ in after["files"].values()} == {200}
        assert (after["runs"] == before["runs"], has_files) == (
            part == "conversations",
            part == "originals",
        )
        assert (after["list"] == before["list"]) == (part == "conversations")


def test_originals_larger_than_is_allowed_here_are_left_out(opened: Open, tmp_path: Path) -> None:
    old = opened("old")
    fill(old)
    exported(old, tmp_path / "all")
    new = opened("new", ingestion=IngestionSettings(max_original_bytes=50))
    restored(new, tmp_path / "all")
    files = seen(client_of(new))["files"]
    assert {key[1]: status for key, (status, _) in files.items() if key[0] == "tower.txt"} == {
        1: 404,
        2: 200,
    }


def test_a_file_that_is_not_what_its_name_says_is_refused_and_nothing_is_left(
    opened: Open, tmp_path: Path
) -> None:
    old, new = opened("old"), opened("new")
    fill(old)
    exported(old, tmp_path / "all")
    with zipfile.ZipFile(tmp_path / "all") as whole, zipfile.ZipFile(tmp_path / "bad", "w") as bad:
        manifest = json.loads(whole.read("manifest.json"))
        for name in manifest["entries"]:
            bad.writestr(name, whole.read(name))
        bad.writestr("originals/../../../evil", b"evil")
        manifest["entries"]["originals/../../../evil"] = hashlib.sha256(b"evil").hexdigest()
        bad.writestr("manifest.json", json.dumps(manifest))
    with pytest.raises(InvalidInputError, match="not what its name says"):
        restored(new, tmp_path / "bad")
    assert not list((new.settings.home_dir / "originals").glob("*/*/*"))
    assert not list(tmp_path.rglob("evil"))
    assert new.catalog.collections() == []


def test_an_archive_of_an_earlier_version_is_read(opened: Open, tmp_path: Path) -> None:
    old, new = opened("old"), opened("new")
    fill(old)
    exported(old, tmp_path / "all", parts=[])
    with zipfile.ZipFile(tmp_path / "all") as whole, zipfile.ZipFile(tmp_path / "first", "w") as first:
        manifest = json.loads(whole.read("manifest.json"))
        for name in manifest["entries"]:
            first.writestr(name, whole.read(name))
        manifest = {name: value for name, value in manifest.items() if name not in PARTS} | {"format": 1}
        first.writestr("manifest.json", json.dumps(manifest))
    counts = restored(new, tmp_path / "first")
    assert (counts.documents, counts.conversations, counts.originals) == (2, 0, 0)
