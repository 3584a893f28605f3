"""Conversations, feedback and originals among callers with keys."""

from pathlib import Path

import pytest
from _http import client_of, ingested, small_settings
from fastapi.testclient import TestClient

from rag.compose import Grove
from rag.core.access import Access
from rag.core.settings import ServerSettings

Headers = dict[str, str]
QUESTION = "How tall is the tower?"


@pytest.fixture
def grove(grove_home: Path) -> Grove:
    return Grove(small_settings(grove_home, server=ServerSettings(share_links=True)))


@pytest.fixture
def client(grove: Grove) -> TestClient:
    client = client_of(grove)
    ingested(client, grove)  # while it is open
    return client


def key(grove: Grove, *scopes: str, tenant: str = "default") -> Headers:
    made = grove.within(Access(tenant)).keys.create("k", scopes=scopes)
    return {"authorization": f"Bearer {made.secret}"}


def begun(client: TestClient, headers: Headers) -> tuple[str, str]:
    """Ask in a new conversation; give its id and the run's."""
    made = client.post("/api/v1/conversations", json={}, headers=headers).json()["conversation_id"]
    asked = {"question": QUESTION, "conversation_id": made}
    return made, client.post("/api/v1/ask", json=asked, headers=headers).json()["run_id"]


def test_a_conversation_is_its_owners_alone(client: TestClient, grove: Grove) -> None:
    mine, others = key(grove, "ask"), [key(grove, "admin"), key(grove, "admin", tenant="other")]
    conversation_id, run_id = begun(client, mine)
    url = f"/api/v1/conversations/{conversation_id}"
    for other in others:
        assert client.get("/api/v1/conversations", headers=other).json()["conversations"] == []
        replies = [
            client.get(url, headers=other),
            client.patch(url, json={"title": "x"}, headers=other),
            client.delete(url, headers=other),
            client.post(f"{url}/share", headers=other),
            client.delete(f"{url}/share", headers=other),
            client.post(
                "/api/v1/ask", json={"question": "?", "conversation_id": conversation_id}, headers=other
            ),
        ]
        assert [reply.status_code for reply in replies] == [404] * len(replies)
    foreign = client.post(f"/api/v1/runs/{run_id}/feedback", json={"rating": "up"}, headers=others[1])
    assert foreign.status_code == 404
    assert len(client.get(url, headers=mine).json()["turns"]) == 1


def test_a_link_is_for_readers_of_the_same_tenant(client: TestClient, grove: Grove) -> None:
    mine, reader, stranger = key(grove, "ask"), key(grove, "read"), key(grove, "admin", tenant="other")
    conversation_id, run_id = begun(client, mine)
    url = f"/api/v1/conversations/{conversation_id}/share"
    link = f"/api/v1/shared/{client.post(url, headers=mine).json()['share_token']}"
    shown = client.get(link, headers=reader).json()
    assert [turn["run"]["run_id"] for turn in shown["turns"]] == [run_id]
    assert client.get(f"/api/v1/runs/{run_id}", headers=reader).status_code == 404
    assert client.get(link, headers=stranger).status_code == 404
    assert client.get(link).status_code == 401


def test_a_key_of_some_collections_sees_no_conversation_about_others(
    client: TestClient, grove: Grove
) -> None:
    def of_ada(*collections: str) -> Headers:
        made = grove.keys.create("k", scopes=["ask"], collections=collections or None, user="ada")
        return {"authorization": f"Bearer {made.secret}"}

    whole, limited = of_ada(), of_ada("public")
    grove.ensure_collection("public")
    hidden, _ = begun(client, whole)  # of `default`
    shown = client.post("/api/v1/conversations", json={"collection": "public"}, headers=whole).json()
    asked = {"question": QUESTION, "conversation_id": shown["conversation_id"]}
    turns = [
        client.post("/api/v1/ask", json={**asked, "collection": each}, headers=whole).json()["run_id"]
        for each in ("public", "default")
    ]
    listed = client.get("/api/v1/conversations", headers=limited).json()["conversations"]
    assert [each["conversation_id"] for each in listed] == [shown["conversation_id"]]
    url = f"/api/v1/conversations/{shown['conversation_id']}"
    for headers, seen in ((whole, turns), (limited, turns[:1])):
        found = client.get(url, headers=headers).json()["turns"]
        assert [turn["run"]["run_id"] for turn in found] == seen
    follow = {"question": QUESTION, "collection": "public", "conversation_id": hidden}
    assert client.post("/api/v1/ask", json=follow, headers=limited).status_code == 404
    for method in ("GET", "DELETE"):
        assert client.request(method, f"/api/v1/conversations/{hidden}", headers=limited).status_code == 404
    assert len(client.get(f"/api/v1/conversations/{hidden}", headers=whole).json()["turns"]) == 1


def test_feedback_is_given_by_askers_and_listed_for_administrators(
    client: TestClient, grove: Grove
) -> None:
    mine, administrator = key(grove, "ask"), key(grove, "admin")
    stranger = key(grove, "admin", tenant="other")
    _, run_id = begun(client, mine)
    url = f"/api/v1/runs/{run_id}/feedback"
    assert client.post(url, json={"rating": "down"}, headers=mine).status_code == 200
    assert client.get("/api/v1/feedback", headers=mine).status_code == 403
    assert len(client.get("/api/v1/feedback", headers=administrator).json()["feedback"]) == 1
    assert client.get("/api/v1/feedback", headers=stranger).json()["feedback"] == []
    assert client.delete(url, headers=mine).status_code == 204


def test_originals_are_not_for_other_tenants(client: TestClient, grove: Grove) -> None:
    reader, stranger = key(grove, "read"), key(grove, "admin", tenant="other")
    (document,) = client.get("/api/v1/collections/default/documents", headers=reader).json()["documents"]
    url = f"/api/v1/documents/{document['document_id']}"
    assert client.get(f"{url}/file", headers=reader).status_code == 200
    for path in (f"{url}/file", f"{url}/file?version=1", f"{url}/pages/1.png"):
        assert client.get(path, headers=stranger).status_code == 404
