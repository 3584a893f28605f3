"""A POST that is sent again with its key changes nothing more; ETags; stages in the header."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from _http import TOWER, client_of, ingested, serving, small_settings
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.idempotency import Idempotency
from api.main import create_app
from rag.compose import Grove
from rag.core.errors import ConflictError
from rag.db.http_tables import ReplyRow
from rag.db.replies import ReplyLog, StoredReply
from rag.db.tables import utc_now

KEY = {"idempotency-key": "0b9d6b6e"}


@pytest.fixture
def grove(grove_home: Path) -> Grove:
    """Give an installation that holds nothing."""
    return Grove(small_settings(grove_home))


@pytest.fixture
def client(grove: Grove) -> TestClient:
    """Give a client that talks to the application in process."""
    return client_of(grove)


def test_a_request_sent_again_gets_the_reply_of_before(client: TestClient) -> None:
    first = client.post("/api/v1/collections", json={"name": "c"}, headers=KEY)
    again = client.post("/api/v1/collections", json={"name": "c"}, headers=KEY)
    assert (first.status_code, first.headers.get("idempotency-replayed")) == (201, None)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == first.json()
    assert again.headers["content-type"] == first.headers["content-type"]
    assert client.post("/api/v1/collections", json={"name": "c"}).status_code == 409


def test_a_key_of_fewer_collections_gets_no_reply_of_one_that_sees_more(grove: Grove) -> None:
    client = client_of(grove)
    ingested(client, grove)
    replies = []
    for collections in (None, ["others"]):
        made = grove.keys.create("k", scopes=["ask"], collections=collections, user="ada")
        shown = {"authorization": f"Bearer {made.secret}"}
        replies.append(client.post("/api/v1/ask", json={"question": "how tall?"}, headers=KEY | shown))
    assert [reply.status_code for reply in replies] == [200, 404]


def test_an_upload_sent_again_is_one_job(client: TestClient, grove: Grove) -> None:
    path = "/api/v1/collections/default/documents"
    replies = [
        client.post(path, files={"files": ("tower.txt", TOWER.encode())}, headers=KEY) for _ in range(2)
    ]
    assert {reply.json()["job_id"] for reply in replies} == {job.job_id for job in grove.jobs.jobs()}
    assert len(grove.jobs.jobs()) == 1
    other = client.post(path, files={"files": ("tower.txt", b"another")}, headers=KEY)
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/v1/collections", {"name": "d"}), ("/v1/vector_stores", {"name": "c"})],
)
def test_the_key_of_another_request_is_refused(client: TestClient, path: str, body: dict[str, str]) -> None:
    client.post("/api/v1/collections", json={"name": "c"}, headers=KEY)
    reply = client.post(path, json=body, headers=KEY)
    assert reply.status_code == 422
    assert "idempotency key" in reply.text


def test_what_failed_may_be_tried_again(client: TestClient) -> None:
    assert client.post("/api/v1/collections", json={"name": " "}, headers=KEY).status_code == 422
    assert client.post("/api/v1/collections", json={"name": "c"}, headers=KEY).status_code == 201


def test_a_request_that_is_worked_on_is_not_begun_again(client: TestClient, grove: Grove) -> None:
    log = ReplyLog(grove.database, grove.settings.tenant)
    entered, go = threading.Event(), threading.Event()
    ensure = grove.ensure_collection

    def slow(*given: Any, **named: Any) -> bool:
        entered.set()
        assert go.wait(10)
        return ensure(*given, **named)

    grove.ensure_collection = slow  # type: ignore[method-assign]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/api/v1/collections", json={"name": "c"}, headers=KEY)
        assert entered.wait(10)
        second = client_of(grove).post("/api/v1/collections", json={"name": "c"}, headers=KEY)
        go.set()
        assert first.result().status_code == 201
    assert (second.status_code, second.headers["retry-after"]) == (409, "1")
    assert log.begin("other", "x") is None


def test_the_secret_of_a_key_is_shown_once_and_kept_nowhere(client: TestClient, grove: Grove) -> None:
    body = {"name": "k", "scopes": ["admin"]}
    made = client.post("/api/v1/keys", json=body, headers=KEY).json()
    again = client.post("/api/v1/keys", json=body, headers={**KEY, "x-api-key": made["secret"]})
    assert again.status_code == 201  # another caller's
    shown = {**KEY, "x-api-key": made["secret"]}
    refused = client.post("/api/v1/keys", json=body, headers=shown)
    assert (refused.status_code, refused.headers.get("retry-after")) == (409, None)
    assert "new idempotency key" in refused.json()["detail"]
    assert len(grove.keys.keys()) == 2
    with grove.database.read() as session:
        assert [row.body for row in session.scalars(select(ReplyRow))] == [None, None]


def silent(grove: Grove, seconds: float) -> None:
    with grove.database.write() as session:
        session.execute(update(ReplyRow).values(created_at=utc_now() - timedelta(seconds=seconds)))


def test_a_request_whose_server_died_is_soon_worked_on_again(grove: Grove) -> None:
    dead, other = (ReplyLog(grove.database, "default") for _ in range(2))
    assert dead.begin("k", "r") is None
    with pytest.raises(ConflictError):
        other.begin("k", "r")
    silent(grove, 70)
    assert other.begin("k", "r") is None
    dead.renew("k")
    dead.release("k")
    dead.finish("k", StoredReply(200, None, None, b"late"))
    other.finish("k", StoredReply(200, None, None, b"its own"))
    assert dead.begin("k", "r") == StoredReply(200, None, None, b"its own")


def test_a_request_that_is_worked_on_for_long_says_so(grove: Grove) -> None:
    began, renewed = list[datetime](), list[datetime]()

    def renewed_at() -> datetime:
        with grove.database.read() as session:
            return session.scalars(select(ReplyRow.created_at)).one()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        began.append(renewed_at())
        await asyncio.sleep(0.3)
        renewed.append(renewed_at())
        await Response(status_code=204)(scope, receive, send)

    client = TestClient(Idempotency(slow, grove=grove, renewed_seconds=0.05))
    assert client.post("/", headers=KEY).status_code == 204
    assert renewed > began


@pytest.mark.parametrize("key", ["", " ", "ä", "x" * 256])
def test_a_key_that_is_none_is_refused(client: TestClient, key: str) -> None:
    headers = {b"idempotency-key": key.encode()}
    reply = client.post("/api/v1/collections", json={"name": "c"}, headers=headers)
    assert reply.status_code == 400


def test_a_stream_is_done_again(grove: Grove) -> None:
    ingested(client_of(grove), grove)
    asked = {"question": "How tall is the tower?", "stream": True}
    with serving(create_app(grove)) as url:
        texts = [httpx.post(f"{url}/api/v1/ask", json=asked, headers=KEY).text for _ in range(2)]
    assert all("answer.finished" in text for text in texts)
    assert len(grove.runs.runs()) == 2


def test_what_has_not_changed_is_not_sent_again(client: TestClient, grove: Grove) -> None:
    document_id = ingested(client, grove)
    path = f"/api/v1/documents/{document_id}"
    first = client.get(path)
    tag = first.headers["etag"]
    same = client.get(path, headers={"if-none-match": f'"x", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    ingested(client, grove, text="The tower is 330 metres tall.")
    changed = client.get(path, headers={"if-none-match": tag})
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


def test_what_has_changed_is_not_deleted_by_mistake(client: TestClient, grove: Grove) -> None:
    document_id = ingested(client, grove)
    path = f"/api/v1/documents/{document_id}"
    tag = client.get(path).headers["etag"]
    ingested(client, grove, text="The tower is 330 metres tall.")
    refused = client.delete(path, headers={"if-match": tag})
    assert refused.status_code == 412
    assert refused.headers["content-type"] == "application/problem+json"
    assert client.delete(path, headers={"if-match": client.get(path).headers["etag"]}).status_code == 200
    assert client.delete(path, headers={"if-match": "*"}).status_code == 412


def test_a_vector_store_is_changed_on_condition(client: TestClient) -> None:
    client.post("/v1/vector_stores", json={"name": "s"})
    tag = client.get("/v1/vector_stores/s").headers["etag"]
    body = {"metadata": {"a": "b"}}
    assert client.post("/v1/vector_stores/s", json=body, headers={"if-match": tag}).status_code == 200
    again = client.post("/v1/vector_stores/s", json=body, headers={"if-match": tag})
    assert (again.status_code, again.json()["error"]["type"]) == (412, "invalid_request_error")


def test_a_reply_tells_its_stages(client: TestClient, grove: Grove) -> None:
    ingested(client, grove)
    for path, body in (("search", {"query": "tower"}), ("ask", {"question": "How tall is the tower?"})):
        reply = client.post(f"/api/v1/{path}", json=body)
        told = dict(each.split(";dur=") for each in reply.headers["server-timing"].split(", "))
        timings = reply.json()["timings"]
        assert len(timings) > 2
        assert set(told) == {*timings, "total"}
        for name in set(timings) - {"total"}:
            assert float(told[name]) == pytest.approx(timings[name], abs=0.01)
    assert client.get("/nothing").headers["server-timing"].startswith("total;dur=")
