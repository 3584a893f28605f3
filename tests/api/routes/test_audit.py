from pathlib import Path

import pytest
from _http import BrokenEncoder, client_of, ingested, small_settings, wait_until
from fastapi.testclient import TestClient

from rag.compose import Grove
from rag.core.access import Access
from rag.core.settings import ServerSettings
from rag.db.audit import AuditLog


@pytest.fixture
def grove(grove_home: Path) -> Grove:
    return Grove(small_settings(grove_home))


def key(grove: Grove, *scopes: str, tenant: str = "default") -> dict[str, str]:
    return {"x-api-key": grove.within(Access(tenant)).keys.create("k", scopes=scopes).secret}


def actions(grove: Grove, tenant: str = "default") -> list[tuple[str, int]]:
    entries = grove.within(Access(tenant)).audit.entries(1000)
    return [(entry.action, entry.status) for entry in reversed(entries)]


def test_it_says_who_did_what_to_what_and_how_it_ended(grove: Grove) -> None:
    client: TestClient = client_of(grove)
    document_id = ingested(client, grove)
    shown = key(grove, "ask")
    client.post("/api/v1/ask", json={"question": "How tall is the tower?"}, headers=shown)
    client.get("/api/v1/collections", headers=shown)
    client.get(f"/api/v1/documents/{document_id}", headers=shown)
    client.delete(f"/api/v1/documents/{document_id}", headers=shown)
    wait_until(lambda: len(actions(grove)) == 4)
    assert actions(grove) == [
        ("POST /api/v1/collections/{name:path}/documents", 202),
        ("POST /api/v1/ask", 200),
        ("GET /api/v1/documents/{document_id}", 200),
        ("DELETE /api/v1/documents/{document_id}", 403),
    ]
    entries = grove.audit.entries()
    assert entries[0].objects == entries[1].objects == {"document_id": document_id}
    assert entries[-1].subject == "local"
    assert {entry.subject for entry in entries[:3]} == {grove.keys.keys()[0].subject}


def test_what_is_answered_before_its_route_and_what_fails_is_noted_too(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home), encoder=BrokenEncoder())
    client = client_of(grove)
    ingested(client, grove)
    shown = key(grove, "admin")
    for _ in range(2):
        client.post("/api/v1/collections", json={"name": "c"}, headers=shown | {"idempotency-key": "k"})
    client.delete("/api/v1/collections/c", headers=shown | {"if-match": '"x"'})
    client.post("/api/v1/search", json={"query": "fails?"}, headers=shown)
    wait_until(lambda: len(actions(grove)) == 5)
    assert actions(grove)[1:] == [
        ("POST /api/v1/collections", 201),
        ("POST /api/v1/collections", 201),
        ("DELETE /api/v1/collections/{name:path}", 412),
        ("POST /api/v1/search", 500),
    ]


def test_a_conversation_that_is_opened_is_noted_without_the_token_of_its_link(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home, server=ServerSettings(share_links=True)))
    client = client_of(grove)
    ingested(client, grove)
    begun = client.post("/api/v1/conversations", json={"collection": "default"}).json()["conversation_id"]
    token = client.post(f"/api/v1/conversations/{begun}/share").json()["share_token"]
    assert client.get(f"/api/v1/conversations/{begun}").status_code == 200
    assert client.get(f"/api/v1/shared/{token}").status_code == 200
    wait_until(lambda: len(actions(grove)) == 5)
    assert [(entry.action, entry.objects) for entry in grove.audit.entries(2)] == [
        ("GET /api/v1/shared/{token}", {}),
        ("GET /api/v1/conversations/{conversation_id}", {"conversation_id": begun}),
    ]


def test_it_holds_nothing_of_what_was_asked_and_no_secret(grove: Grove) -> None:
    client = client_of(grove)
    ingested(client, grove)
    shown = key(grove, "admin")
    client.post("/api/v1/ask", json={"question": "A peculiar question?"}, headers=shown)
    client.post("/api/v1/search", json={"query": "peculiar"}, headers=shown)
    wait_until(lambda: len(actions(grove)) == 3)
    said = str(grove.audit.entries())
    assert "peculiar" not in said
    assert shown["x-api-key"] not in said


def test_an_administrator_reads_it_page_by_page_and_no_other_tenants(grove: Grove) -> None:
    client = client_of(grove)
    mine, other = key(grove, "admin", tenant="a"), key(grove, "admin", tenant="b")
    for number in range(5):
        client.post("/api/v1/collections", json={"name": f"c{number}"}, headers=mine)
    client.post("/api/v1/collections", json={"name": "d"}, headers=other)
    wait_until(lambda: len(actions(grove, "a")) == 5 and len(actions(grove, "b")) == 1)
    first = client.get("/api/v1/audit?limit=3", headers=mine).json()
    rest = client.get(f"/api/v1/audit?limit=3&before={first['next']}", headers=mine).json()
    assert len(first["entries"]) == 3
    assert [each["action"] for each in rest["entries"]] == ["POST /api/v1/collections"] * 2
    assert rest["next"] is None
    assert client.get("/api/v1/audit", headers=key(grove, "read", tenant="a")).status_code == 403


def test_nothing_changes_or_removes_an_entry() -> None:
    public = [name for name in vars(AuditLog) if not name.startswith("_")]
    assert public == ["record", "entries"]
