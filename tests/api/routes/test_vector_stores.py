"""Files and vector stores by OpenAI's own client against a real server with a worker."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from _http import serving
from fastapi.testclient import TestClient
from openai.types import FileObject, VectorStore

from api.main import create_app
from indexing.worker import run_job
from rag.compose import Grove

TOWER = b"The tower in Paris is 300 metres tall."
MAST = b"---\nstatus: Final\n---\n\n# Mast\n\nThe mast at Nordkap was replaced in March 2024."


class Worked:
    """A client, and the worker that takes in what it attached."""

    def __init__(self, grove: Grove, url: str) -> None:
        self.grove = grove
        self.client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)

    def file(self, name: str, content: bytes) -> FileObject:
        return self.client.files.create(file=(name, content), purpose="assistants")

    def store(self, name: str, *files: FileObject) -> VectorStore:
        return self.client.vector_stores.create(name=name, file_ids=[file.id for file in files])

    def work(self) -> None:
        for job in self.grove.jobs.jobs():
            if job.state == "queued":
                run_job(self.grove, job.job_id)


@pytest.fixture
def worked(grove: Grove) -> Iterator[Worked]:
    """Give a client of an empty installation."""
    with serving(create_app(grove)) as url:
        yield Worked(grove, url)


def test_a_file_is_kept_as_it_was_sent_until_it_is_deleted(worked: Worked, grove_home: Path) -> None:
    client = worked.client
    first, second = worked.file("tower.txt", TOWER), worked.file("mast.md", MAST)
    assert (first.filename, first.bytes, first.purpose) == ("tower.txt", len(TOWER), "assistants")
    assert client.files.retrieve(first.id) == first
    assert client.files.content(first.id).read() == TOWER
    assert [file.id for file in client.files.list()] == [second.id, first.id]
    assert [file.id for file in client.files.list(order="asc", limit=1)] == [first.id, second.id]  # 2 pages
    assert client.files.list(purpose="user_data").data == []
    assert client.files.delete(first.id).deleted
    with pytest.raises(openai.NotFoundError, match="no file"):
        client.files.retrieve(first.id)
    assert [path.name for path in (grove_home / "files").iterdir()] == [second.id]


def test_a_store_takes_files_in_and_finds_what_they_say(worked: Worked) -> None:
    client = worked.client
    tower, mast = worked.file("tower.txt", TOWER), worked.file("mast.md", MAST)
    store = worked.store("towers", tower, mast)
    assert (store.id, store.status, store.file_counts.in_progress) == ("towers", "in_progress", 2)
    worked.work()
    store = client.vector_stores.retrieve("towers")
    assert (store.status, store.file_counts.completed, store.file_counts.total) == ("completed", 2, 2)
    assert store.usage_bytes > 0
    found = client.vector_stores.search("towers", query="how tall is the tower", max_num_results=1)
    assert found.data[0].file_id == tower.id
    assert found.data[0].filename == "tower.txt"
    assert found.data[0].content[0].text == TOWER.decode()
    both = client.vector_stores.search("towers", query=["tall tower", "mast at Nordkap"]).data
    assert {hit.file_id for hit in both} == {tower.id, mast.id}


def test_a_search_is_filtered_by_metadata(worked: Worked) -> None:
    tower, mast = worked.file("tower.txt", TOWER), worked.file("mast.md", MAST)
    worked.store("towers", tower, mast)
    worked.work()
    source = f"{mast.id}/mast.md"
    filters: list[tuple[dict[str, Any], set[str]]] = [
        ({"type": "eq", "key": "source", "value": source}, {mast.id}),
        ({"type": "ne", "key": "source", "value": source}, {tower.id}),
        ({"type": "in", "key": "source", "value": [source]}, {mast.id}),
        ({"type": "nin", "key": "source", "value": [source]}, {tower.id}),
        (
            {
                "type": "or",
                "filters": [
                    {"type": "eq", "key": "source", "value": source},
                    {"type": "eq", "key": "source", "value": f"{tower.id}/tower.txt"},
                ],
            },
            {mast.id, tower.id},
        ),
    ]
    for given, ids in filters:
        found = worked.client.vector_stores.search("towers", query="tower mast", filters=given)  # type: ignore[arg-type]
        assert {hit.file_id for hit in found.data} == ids, given
        assert all(hit.attributes and hit.attributes["source"] for hit in found.data)


def test_stores_are_listed_changed_and_deleted(worked: Worked) -> None:
    client = worked.client
    names = ["b", "a", "c/d e"]
    for name in names:
        client.vector_stores.create(name=name, metadata={"team": name})
    assert [store.id for store in client.vector_stores.list(limit=2)] == names[::-1]
    assert [store.id for store in client.vector_stores.list(limit=2, order="asc")] == names
    assert client.vector_stores.update("c/d e", metadata={"team": "x"}).metadata == {"team": "x"}
    assert client.vector_stores.retrieve("a").metadata == {"team": "a"}
    with pytest.raises(openai.ConflictError, match="choose another"):
        client.vector_stores.create(name="a")
    assert client.vector_stores.create().id.startswith("vs_")
    assert client.vector_stores.delete("c/d e").deleted
    with pytest.raises(openai.NotFoundError, match="no vector store"):
        client.vector_stores.retrieve("c/d e")


def test_a_file_of_a_store_shows_how_it_fares(worked: Worked) -> None:
    client = worked.client
    good, bad, odd = (
        worked.file(name, content)
        for name, content in (("a.txt", TOWER), ("b.pdf", b"%PDF-1.4 broken"), ("c.xyz", b"text"))
    )
    worked.store("s")
    for file in (good, bad, odd):
        assert client.vector_stores.files.create("s", file_id=file.id).status == "in_progress"
    worked.work()
    fared = {file.id: file for file in client.vector_stores.files.list("s", limit=1)}
    assert fared[good.id].status == "completed"
    assert fared[good.id].usage_bytes > 0
    codes = {}
    for file in (bad, odd):
        seen = client.vector_stores.files.retrieve(file.id, vector_store_id="s")
        assert seen == fared[file.id]
        assert seen.status == "failed"
        assert seen.last_error is not None
        codes[file.filename] = seen.last_error.code
    assert codes == {"b.pdf": "invalid_file", "c.xyz": "unsupported_file"}
    (page,) = client.vector_stores.files.content(good.id, vector_store_id="s")
    assert page.text == TOWER.decode()
    assert client.vector_stores.files.delete(good.id, vector_store_id="s").deleted
    assert client.vector_stores.search("s", query="tower").data == []
    with pytest.raises(openai.NotFoundError, match="has no file"):
        client.vector_stores.files.retrieve(good.id, vector_store_id="s")
    assert client.files.retrieve(good.id).status == "processed"


def test_a_batch_is_followed_to_its_end_and_one_that_waits_is_cancelled(worked: Worked) -> None:
    client = worked.client
    files = [worked.file(f"{n}.txt", TOWER + str(n).encode()) for n in range(3)]
    worked.store("s")
    ids = [file.id for file in files]
    batch = client.vector_stores.file_batches.create("s", file_ids=ids)
    assert (batch.status, batch.file_counts.in_progress) == ("in_progress", 3)
    worker = threading.Thread(target=worked.work)
    worker.start()
    done = client.vector_stores.file_batches.poll(batch.id, vector_store_id="s", poll_interval_ms=50)
    worker.join()
    assert (done.status, done.file_counts.completed, done.file_counts.total) == ("completed", 3, 3)
    listed = client.vector_stores.file_batches.list_files(batch.id, vector_store_id="s", limit=2)
    assert [file.id for file in listed] == ids
    waiting = client.vector_stores.file_batches.create("s", file_ids=[worked.file("d.txt", MAST).id])
    ended = client.vector_stores.file_batches.cancel(waiting.id, vector_store_id="s")
    assert (ended.status, ended.file_counts.cancelled) == ("cancelled", 1)


@pytest.mark.parametrize(
    "name", ["default/files", "team/files", "default/search", "a/file_batches", "a/b/c"]
)
def test_a_name_may_end_like_a_part_of_a_store(worked: Worked, name: str) -> None:
    client, file = worked.client, worked.file("tower.txt", TOWER)
    worked.store(name, file)
    worked.work()
    assert client.vector_stores.retrieve(name).id == name
    assert client.vector_stores.update(name, metadata={"team": "x"}).metadata == {"team": "x"}
    assert [each.id for each in client.vector_stores.files.list(name)] == [file.id]
    assert len(client.vector_stores.search(name, query="tower").data) == 1
    assert client.vector_stores.delete(name).id == name


def test_a_key_to_read_changes_no_store_whose_name_ends_in_search(client: TestClient, grove: Grove) -> None:
    grove.ensure_collection("a/search")
    shown = {"x-api-key": grove.keys.create("k", scopes=["read"]).secret}
    url = "/v1/vector_stores/a%2Fsearch"
    assert client.post(url, json={"metadata": {"a": "b"}}, headers=shown).status_code == 403
    assert client.post(f"{url}/search", json={"query": "x"}, headers=shown).status_code == 200


def test_deleting_a_file_takes_it_out_of_every_store(worked: Worked) -> None:
    file = worked.file("tower.txt", TOWER)
    for name in ("a", "b"):
        worked.store(name, file)
    worked.work()
    worked.client.files.delete(file.id)
    for name in ("a", "b"):
        assert worked.client.vector_stores.search(name, query="tower").data == []


def test_a_document_that_came_another_way_has_a_file_id(worked: Worked, document_id: str) -> None:
    client = worked.client
    (hit,) = client.vector_stores.search("default", query="tower").data
    assert (hit.file_id, hit.filename) == (f"file-{document_id}", "tower.txt")
    assert b"300 metres" in client.files.content(hit.file_id).read()
    assert client.files.retrieve(hit.file_id).filename == "tower.txt"
    with pytest.raises(openai.UnprocessableEntityError, match="send the file itself"):
        client.vector_stores.files.create("default", file_id=hit.file_id)
    client.files.delete(hit.file_id)
    assert client.vector_stores.search("default", query="tower").data == []


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v1/vector_stores", {"expires_after": {"anchor": "last_active_at", "days": 1}}, "expires_after"),
        ("/v1/vector_stores", {"chunking_strategy": {"type": "static"}}, "chunking_strategy.type"),
        ("/v1/vector_stores", {"name": " a"}, "white space"),
        ("/v1/vector_stores", {"file_ids": ["file-none"]}, "no file"),
        ("/v1/vector_stores", {"metadata": {"a": 1}}, "metadata"),
        ("/v1/vector_stores/default", {"name": "b"}, "name"),
        (
            "/v1/vector_stores/default/search",
            {"query": "x", "ranking_options": {"score_threshold": 0.5}},
            "score",
        ),
        ("/v1/vector_stores/default/search", {"query": "x", "rewrite_query": True}, "rewrite_query"),
        ("/v1/vector_stores/default/search", {"query": "x", "ranking_options": {"ranker": "best"}}, "best"),
        ("/v1/vector_stores/default/files", {"file_id": "f", "attributes": {"a": "b"}}, "attributes"),
        ("/v1/vector_stores/default/file_batches", {"file_ids": []}, "file_ids"),
        ("/v1/vector_stores/default/search?k=3", {"query": "x"}, "no parameter k"),
    ],
)
def test_what_is_not_served_is_refused_by_name(
    client: TestClient, document_id: str, path: str, body: dict[str, Any], words: str
) -> None:
    reply = client.post(path, json=body)
    assert reply.status_code in (404, 422)
    assert words in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("expires_after[seconds]", "no field expires_after[seconds]; known are: file, purpose"),
        ("file", "file: one is taken, got 2"),
        ("purpose", "purpose: one is taken, got 2"),
    ],
)
def test_a_file_comes_with_nothing_that_would_be_ignored(
    client: TestClient, field: str, words: str
) -> None:
    sent = [("file", ("a.txt", b"x")), ("purpose", (None, b"assistants")), (field, (None, b"60"))]
    refused = client.post("/v1/files", files=sent)
    assert (refused.status_code, words in refused.json()["error"]["message"]) == (422, True)
    assert client.get("/v1/files").json()["data"] == []


def test_files_of_other_purposes_and_archives_are_refused(client: TestClient) -> None:
    sent = {"file": ("a.zip", b"PK\x03\x04")}
    refused = client.post("/v1/files", files=sent, data={"purpose": "assistants"})
    assert (refused.status_code, "archive" in refused.json()["error"]["message"]) == (422, True)
    refused = client.post("/v1/files", files={"file": ("a.txt", b"x")}, data={"purpose": "batch"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "purpose")
