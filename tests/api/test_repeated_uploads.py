"""A body under an idempotency key that does not come whole, or comes while nothing can be kept."""

import asyncio
import threading
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from _http import TOWER, client_of, small_settings
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.idempotency import Idempotency
from rag.compose import Grove
from rag.db.http_tables import ReplyRow

KEY = {"idempotency-key": "0b9d6b6e"}
UPLOAD = "/api/v1/collections/default/documents"


@pytest.fixture
def grove(grove_home: Path) -> Grove:
    """Give an installation that holds nothing."""
    return Grove(small_settings(grove_home))


@pytest.fixture
def client(grove: Grove) -> TestClient:
    """Give a client that talks to the application in process."""
    return client_of(grove)


def sent(
    grove: Grove, messages: Sequence[Message], *, query: bytes = b"", kind: str = "text/plain"
) -> list[Message]:
    """Send a request as these messages to a route that takes its body; give what is replied."""
    replies: list[Message] = []
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        replies.append(message)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await Response(status_code=204)(scope, receive, send)

    headers = [(name.encode(), value.encode()) for name, value in {**KEY, "content-type": kind}.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": headers}
    asyncio.run(Idempotency(route, grove=grove)(scope, receive, send))
    return replies


def part(body: bytes, *, is_last: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": not is_last}


def test_what_a_lost_connection_cut_off_does_not_count(grove: Grove) -> None:
    assert sent(grove, [part(b"half", is_last=False), {"type": "http.disconnect"}]) == []
    with grove.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ReplyRow)) == 0
    again = sent(grove, [part(b"half", is_last=False), part(b" and half", is_last=True)])
    assert again[0]["status"] == 204


def test_a_body_is_hashed_beside_the_event_loop(grove: Grove) -> None:
    threads: list[threading.Thread] = []

    class Noted(bytes):
        def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
            threads.append(threading.current_thread())
            return super().decode(encoding, errors)

    assert sent(grove, [part(b"whole", is_last=True)], query=Noted(b"a=b"))[0]["status"] == 204
    assert threads
    assert threading.main_thread() not in threads


def test_an_upload_is_not_held_in_memory(grove: Grove) -> None:
    piece = b"x" * 1_000_000
    tracemalloc.start()
    try:
        assert sent(grove, [part(piece, is_last=number == 19) for number in range(20)])[0]["status"] == 204
        assert tracemalloc.get_traced_memory()[1] < 5 * len(piece)
    finally:
        tracemalloc.stop()


def test_a_long_upload_is_the_same_with_another_boundary(grove: Grove) -> None:
    def replied(boundary: bytes) -> Message:
        body = part((boundary + b"-" * 6) * 20_000, is_last=True)
        return sent(grove, [body], kind=f"multipart/form-data; boundary={boundary.decode()}")[0]

    assert replied(b"first-boundary")["headers"] == []
    assert replied(b"the-second-one")["headers"] == [(b"idempotency-replayed", b"true")]


def test_a_body_that_is_too_long_or_cut_short_is_refused_as_without_a_key(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'--x\r\ncontent-disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        for _ in range(20):
            yield b"x" * 10_000

    form = {**KEY, "content-type": "multipart/form-data; boundary=x"}
    replies = [
        client.post(UPLOAD, content=pieces(), headers=form),
        client.post(UPLOAD, content=next(pieces()) + b"cut", headers=form),
    ]
    assert [reply.status_code for reply in replies] == [413, 400]
    for reply, words in zip(replies, ("100000 bytes", "closing boundary"), strict=True):
        assert reply.headers["content-type"] == "application/problem+json"
        assert words in reply.json()["detail"]
    files = {"files": ("tower.txt", TOWER.encode())}
    assert client.post(UPLOAD, files=files, headers=KEY).status_code == 202


def test_while_the_database_fails_the_reply_says_so(client: TestClient, grove: Grove) -> None:
    with grove.database.write() as session:
        session.execute(text("ALTER TABLE replies RENAME TO away"))
    reply = client.post("/api/v1/collections", json={"name": "c"}, headers=KEY)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert reply.json()["type"] == "urn:grove:error:UnavailableError"
