"""`Idempotency-Key`: a POST that is sent again with the key of before gets the reply of before.

Stands inside every guard, so that a caller only ever gets back what it was given. What fails is not kept:
the same key then tries again. Streams are not kept either. Of a reply that says `no-store`, as one with a
secret does, only that it was given is kept.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

import asyncio
import hashlib
import re
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem, problem_of
from rag.compose import Grove
from rag.core.access import Access
from rag.core.errors import ConflictError, RagError, UnavailableError
from rag.db.replies import RENEWED_SECONDS, ReplyLog, StoredReply

__all__ = ["HEADER", "Idempotency"]

HEADER = "idempotency-key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_MAX_BYTES_IN_MEMORY = 1_000_000  # of a body; a longer one waits in a file
_PIECE_BYTES = 65_536
_MAX_REPLY_BYTES = 1_000_000  # what is longer is not kept, and is done again
_RETRY_SECONDS = "1"
_SHOWN_ONCE = (
    "the request with this idempotency key was done, and its reply is shown once; if it did not arrive,"
    " revoke what was made and make another with a new idempotency key"
)


class Idempotency:
    """Keeps the replies of POSTs that carry a key."""

    def __init__(self, app: ASGIApp, *, grove: Grove, renewed_seconds: float = RENEWED_SECONDS) -> None:
        self._app = app
        self._grove = grove
        self._renewed_seconds = renewed_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as before, or work and keep the answer."""
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        if key is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if _KEY.fullmatch(key) is None:
            detail = f"Idempotency-Key has 1 to 255 visible ASCII characters, got {key!r:.80}"
            await problem(scope["path"], HTTPStatus.BAD_REQUEST, detail)(scope, receive, send)
            return
        with SpooledTemporaryFile(max_size=_MAX_BYTES_IN_MEMORY) as body:
            try:
                is_whole = await _received(receive, body)
            except HTTPException as error:  # of a guard: no route is there yet that would answer it
                status = HTTPStatus(error.status_code)
                await problem(scope["path"], status, str(error.detail))(scope, receive, send)
                return
            if is_whole:
                await self._once(scope, _replayed(body, receive), send, key=key, body=body)

    async def _once(self, scope: Scope, receive: Receive, send: Send, *, key: str, body: IO[bytes]) -> None:
        access = scope.get("state", {}).get("access")
        tenant = self._grove.settings.tenant if access is None else access.tenant
        log = ReplyLog(self._grove.database, tenant)
        own = _own(access, key)
        try:
            # In a thread: of an upload's bytes it takes a while.
            request = await asyncio.to_thread(_request, scope, body)
            before = await run_in_threadpool(log.begin, own, request)
        except RagError as error:
            await _refusal(scope["path"], error)(scope, receive, send)
            return
        if before is not None:
            await _again(scope["path"], before)(scope, receive, send)
            return
        await self._work(scope, receive, send, log=log, key=own)

    async def _work(self, scope: Scope, receive: Receive, send: Send, *, log: ReplyLog, key: str) -> None:
        kept = _Kept(send)
        renewing = asyncio.create_task(self._renew(log, key))
        try:
            await self._app(scope, receive, kept.send)
        finally:
            renewing.cancel()
            reply = kept.reply()
            done = partial(log.release, key) if reply is None else partial(log.finish, key, reply)
            with anyio.CancelScope(shield=True):  # a client that went away must not leave the key taken
                await run_in_threadpool(done)

    async def _renew(self, log: ReplyLog, key: str) -> None:
        while True:
            await asyncio.sleep(self._renewed_seconds)
            with suppress(UnavailableError):  # the next time it may be there again
                await run_in_threadpool(log.renew, key)


class _Kept:
    """Passes a reply on and keeps it, unless it is a failure, a stream, or too long."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body: bytearray | None = bytearray()
        self._is_whole = False

    async def send(self, message: Message) -> None:
        """Pass a part of the reply on."""
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body" and self._body is not None:
            self._body += message.get("body", b"")
            self._is_whole = not message.get("more_body", False)
            if len(self._body) > _MAX_REPLY_BYTES:
                self._body = None
        await self._send(message)

    def reply(self) -> StoredReply | None:
        """Give what is to be kept, if anything is."""
        if self._start is None or self._body is None or not self._is_whole:
            return None
        headers = Headers(raw=self._start["headers"])
        kind = headers.get("content-type")
        if self._start["status"] >= HTTPStatus.BAD_REQUEST or (kind or "").startswith("text/event-stream"):
            return None
        body = None if "no-store" in headers.get("cache-control", "") else bytes(self._body)
        return StoredReply(self._start["status"], kind, headers.get("location"), body)


async def _received(receive: Receive, body: IO[bytes]) -> bool:
    """Take the whole body; False where the connection ended before it."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        await run_in_threadpool(body.write, message.get("body", b""))
        if not message.get("more_body", False):
            return True


def _replayed(body: IO[bytes], receive: Receive) -> Receive:
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        piece = await run_in_threadpool(body.read, _PIECE_BYTES)
        is_given = len(piece) < _PIECE_BYTES
        return {"type": "http.request", "body": piece, "more_body": not is_given}

    return again


def _request(scope: Scope, body: IO[bytes]) -> str:
    """Tell one request from another; the boundary of a form is new whenever the form is sent."""
    kind = Headers(scope=scope).get("content-type", "")
    found = re.search(r'boundary="?([^";]+)', kind)
    boundary = b"" if found is None else found[1].encode("latin-1")
    address = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
    digest = hashlib.sha256(f"{address}\0{kind.split(';')[0]}\0".encode())
    body.seek(0)
    rest = b""
    while piece := body.read(_PIECE_BYTES):
        *between, rest = (rest + piece).split(boundary) if boundary else (rest + piece,)
        for part in between:
            digest.update(part)
        settled = max(0, len(rest) - len(boundary))  # what is behind it may be the beginning of one
        digest.update(rest[:settled])
        rest = rest[settled:]
    digest.update(rest)
    body.seek(0)
    return digest.hexdigest()


def _own(access: Access | None, key: str) -> str:
    """Name a key as its caller's: a reply may be of a collection that another key must not see."""
    if access is None:
        return f"\0\0{key}"
    reach = "" if access.readable is None else f"{sorted(access.readable)}"
    return f"{access.subject}\0{reach}\0{key}"


def _refusal(path: str, error: RagError) -> Response:
    reply = problem_of(path, error)
    if isinstance(error, ConflictError):  # it is worked on
        reply.headers["retry-after"] = _RETRY_SECONDS
    return reply


def _again(path: str, reply: StoredReply) -> Response:
    if reply.body is None:
        return problem(path, HTTPStatus.CONFLICT, _SHOWN_ONCE, kind=ConflictError.__name__)
    headers = {"idempotency-replayed": "true"}
    if reply.content_type is not None:
        headers["content-type"] = reply.content_type
    if reply.location is not None:
        headers["location"] = reply.location
    return Response(reply.body, reply.status, headers)
