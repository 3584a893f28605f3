"""A damaged segment is one collection's trouble, told by its searches."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _http import client_of
from fastapi.testclient import TestClient

from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.errors import DamagedSegmentError
from rag.db.archive import Archive


@pytest.fixture
def damaged(grove: Grove, new_grove: Callable[..., Grove], folder: Path) -> Grove:
    """Give a process that opens an installation with a damaged collection `c` and a whole one `whole`."""
    for collection in ("c", "whole"):
        run_job(grove, submit_paths(grove, [folder], collection=collection))
    for load in grove.publisher.loads("c"):
        for name in ("vectors.faiss", "words/meta.json"):
            file = grove.settings.home_dir / "segments" / load.segment.segment_id / name
            file.write_bytes(file.read_bytes()[:-1])
    return new_grove()


@pytest.mark.parametrize("retriever", ["dense", "lexical", "hybrid"])
def test_a_search_of_a_damaged_collection_says_what_to_do(damaged: Grove, retriever: str) -> None:
    with pytest.raises(DamagedSegmentError, match=r"is damaged: .*`rag reindex --collection c`"):
        damaged.search("text", collection="c", retriever=retriever)


def test_other_collections_are_searched_as_before(damaged: Grove) -> None:
    assert len(damaged.search("text number", collection="whole", k=100).passages) == 7


def test_the_server_is_ready_and_says_what_is_damaged(damaged: Grove) -> None:
    client: TestClient = client_of(damaged)
    assert client.get("/health/ready").status_code == 200
    reply = client.post("/api/v1/search", json={"query": "text", "collection": "c"})
    assert reply.status_code == 500
    assert reply.json()["type"] == "urn:grove:error:DamagedSegmentError"
    assert "rag reindex" in reply.json()["detail"]


def test_a_search_of_all_collections_leaves_the_damaged_one_out(damaged: Grove) -> None:
    client = client_of(damaged)

    def found(**more: str) -> dict[str, Any]:
        call = {"name": "search", "arguments": {"query": "text number", **more}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        accept = {"accept": "application/json, text/event-stream"}
        result: dict[str, Any] = client.post("/mcp", json=message, headers=accept).json()["result"]
        return result

    assert len(found()["structuredContent"]["results"]) == 7
    assert "is damaged" in found(collection="c")["content"][0]["text"]


def test_files_are_still_taken_in(damaged: Grove, folder: Path) -> None:
    for number in range(4):  # more segments than are left unmerged
        (folder / "text0.txt").write_text(f"Changed {number}.")
        status = run_job(damaged, submit_paths(damaged, [folder / "text0.txt"], collection="c"))
        assert status is not None
        assert [file.state for file in status.files] == ["done"]


def test_files_that_are_gone_are_an_error_that_says_what_to_do(
    grove: Grove, folder: Path, tmp_path: Path
) -> None:
    run_job(grove, submit_paths(grove, [folder], collection="c"))
    (grove.settings.home_dir / "segments").rename(grove.settings.home_dir / "away")
    bare = Grove(grove.settings)
    with pytest.raises(DamagedSegmentError, match=r"^index files .* 'c' are missing; `rag reindex --coll"):
        bare.search("text", collection="c")
    file = tmp_path / "export.zip"
    with pytest.raises(DamagedSegmentError, match=r"^index files are missing; .*`rag reindex`"):
        Archive(bare.database, bare.store, bare.access, originals=bare.originals).export(
            file, settings={}, on_rows=lambda *_: None
        )
    assert not file.exists()
