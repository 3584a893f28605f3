from typing import Any

import pytest
from _http import TOWER, Filled
from fastapi.testclient import TestClient


@pytest.fixture
def client(filled: Filled) -> TestClient:
    """Give a client of an installation with one document."""
    return filled.client


def test_hits_carry_their_place_and_the_reply_its_timings(client: TestClient, filled: Filled) -> None:
    found = client.post("/api/v1/search", json={"query": "Who built the tower?", "k": 1}).json()
    (hit,) = found["hits"]
    assert {key: hit[key] for key in ("document_id", "source", "page")} == {
        "document_id": filled.document_id,
        "source": "tower.txt",
        "page": None,
    }
    assert TOWER[hit["start"] : hit["end"]] == hit["text"]
    assert found["timings"]["total"] > 0


@pytest.mark.parametrize("retriever", ["default", "lexical", "dense", "hybrid"])
def test_every_retriever_finds_the_document(client: TestClient, retriever: str) -> None:
    found = client.post("/api/v1/search", json={"query": "tower", "retriever": retriever}).json()
    assert [hit["source"] for hit in found["hits"]] == ["tower.txt"]


def test_a_filter_that_nothing_passes_leaves_nothing(client: TestClient) -> None:
    found = client.post("/api/v1/search", json={"query": "tower", "filter": {"status": "Final"}}).json()
    assert found["hits"] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"query": ""}, "1 to 20000 characters"),
        ({"query": " \n"}, "1 to 20000 characters"),
        ({"query": "x" * 20_001}, "1 to 20000 characters"),
        ({"query": 5}, "query: "),
        ({"query": None}, "query: "),
        ({"query": ["a"]}, "query: "),
        ({"query": "a\x00b"}, "NUL"),
        ({"k": 0}, "k is 1 to 1000, got 0"),
        ({"k": -1}, "got -1"),
        ({"k": 1001}, "got 1001"),
        ({"k": 10**30}, "k is 1 to 1000"),
        ({"k": "5"}, "k: "),
        ({"k": 1.5}, "k: "),
        ({"k": True}, "k: "),
        ({"k": None}, "k: "),
        ({"filter": []}, "filter: "),
        ({"filter": "status"}, "filter: "),
        ({"filter": {"a": {"like": "b"}}}, "unknown operator 'like'"),
        ({"filter": {"a": None}}, "compares with"),
        ({"filter": {"and": {}}}, "takes a list"),
        ({"filter": {"a": "b\x00"}}, "NUL"),
        (
            {"retriever": "nobody"},
            "no retriever 'nobody'; choose one of: default, dense, ",
        ),
        ({"retriever": "../stores/faiss"}, "no retriever"),
        ({"retriever": "_private"}, "no retriever"),
        ({"unknown": 1}, "unknown: Extra inputs are not permitted"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_wrong_search_is_refused_with_the_reason(
    client: TestClient, change: dict[str, Any], words: str
) -> None:
    reply = client.post("/api/v1/search", json={"query": "tower", **change})
    assert reply.status_code == 422
    problem = reply.json()
    assert words in problem["detail"]
    assert (problem["title"], problem["status"]) == ("Unprocessable Entity", 422)
    assert problem["type"].startswith("urn:grove:error:")


def test_an_unknown_collection_is_not_found(client: TestClient) -> None:
    reply = client.post("/api/v1/search", json={"query": "tower", "collection": "nobody"})
    assert reply.status_code == 404
    assert "there is: default" in reply.json()["detail"]


def test_a_filter_nested_too_deeply_is_refused(client: TestClient) -> None:
    for depth, statuses in ((20, [422]), (900, [422]), (50_000, [400, 422])):
        nested = '{"not": ' * depth + "{}" + "}" * depth
        reply = client.post(
            "/api/v1/search",
            content=f'{{"query": "tower", "filter": {nested}}}',
            headers={"content-type": "application/json"},
        )
        assert reply.status_code in statuses, depth
