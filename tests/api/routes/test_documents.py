from _http import TOWER, ingested
from fastapi.testclient import TestClient

from rag.compose import Grove


def test_a_document_is_given_with_text_and_chunks(client: TestClient, document_id: str) -> None:
    document = client.get(f"/api/v1/documents/{document_id}").json()
    assert document["text"] == TOWER
    assert document["source"] == "tower.txt"
    assert document["collection"] == "default"
    assert (document["version"], document["status"], document["pages"]) == (1, "ready", [])
    assert "".join(document["text"][chunk["start"] : chunk["end"]] for chunk in document["chunks"]) == TOWER


def test_an_earlier_version_is_there_for_what_cites_it(
    client: TestClient, grove: Grove, document_id: str
) -> None:
    first = client.get(f"/api/v1/documents/{document_id}").json()
    ingested(client, grove, "The tower is 330 metres tall now.")
    url = f"/api/v1/documents/{document_id}"
    assert client.get(url).json()["text"] == "The tower is 330 metres tall now."
    assert client.get(url, params={"version": 1}).json() == {**first, "chunks": []}
    assert client.get(url, params={"version": 2}).json() == client.get(url).json()
    missing = client.get(url, params={"version": 3})
    assert (missing.status_code, "with a version 3" in missing.json()["detail"]) == (404, True)


def test_a_deleted_document_is_gone_from_everywhere(client: TestClient, document_id: str) -> None:
    deleted = client.delete(f"/api/v1/documents/{document_id}").json()
    assert deleted == {"documents": 1, "chunks": 1}
    assert client.get(f"/api/v1/documents/{document_id}").status_code == 404
    assert client.delete(f"/api/v1/documents/{document_id}").status_code == 404
    assert client.get("/api/v1/collections/default/documents").json()["documents"] == []
    assert client.post("/api/v1/search", json={"query": "tower"}).json()["hits"] == []


def test_an_unknown_document_is_not_found(client: TestClient) -> None:
    for document_id in ("nobody", "0" * 32, "' OR 1=1 --", "..%2F..%2Fetc", "x" * 5000):
        reply = client.get(f"/api/v1/documents/{document_id}")
        assert reply.status_code == 404, document_id
        assert reply.headers["content-type"] == "application/problem+json"
        if not document_id.startswith(".."):  # else there is no such address
            assert "GET /api/v1/collections/NAME/documents lists" in reply.json()["detail"]
