"""ETags: what has not changed is not sent again, and what has changed is not changed by mistake.

Every JSON reply to a GET has an ETag, the hash of its body. `If-None-Match` then answers 304. A request
that changes something may carry `If-Match`: it is refused with 412 unless a GET of the same address would
have that ETag just then.

Source: RFC 9110, sections 8.8.3 and 13.
"""

import hashlib
from collections.abc import Iterator
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem

__all__ = ["Conditions"]

_CHANGES = ("DELETE", "PATCH", "POST", "PUT")
_JSON = ("application/json",)


class Conditions:
    """Adds ETags to what is read, and keeps the conditions that requests carry."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless a condition says otherwise."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if scope["type"] != "http" or scope["method"] not in ("GET", *_CHANGES):
            await self._app(scope, receive, send)
        elif scope["method"] == "GET":
            tagged = _Tagged(send, headers.get("if-none-match"))
            await self._app(scope, receive, tagged.send)
        elif (wanted := headers.get("if-match")) is not None and not await self._is_still(scope, wanted):
            detail = "this is no longer what If-Match says; read it again (its ETag is in the reply to GET)"
            reply = problem(scope["path"], HTTPStatus.PRECONDITION_FAILED, detail)
            await reply(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _is_still(self, scope: Scope, wanted: str) -> bool:
        """Tell whether a GET of this address would have one of the wanted ETags."""
        tags: list[str | None] = []

        async def seen(message: Message) -> None:
            if message["type"] == "http.response.start":
                tag = Headers(raw=message["headers"]).get("etag")
                tags.append(tag if message["status"] == HTTPStatus.OK else None)

        messages: Iterator[Message] = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def nothing() -> Message:
            return next(messages, {"type": "http.disconnect"})  # at which a stream ends

        left_out = (b"if-match", b"if-none-match", b"content-length", b"content-type")
        raw = [(name, value) for name, value in scope["headers"] if name not in left_out]
        tagged = _Tagged(seen, None)
        await self._app({**scope, "method": "GET", "headers": raw}, nothing, tagged.send)
        return bool(tags) and tags[0] is not None and _names(wanted, tags[0])


class _Tagged:
    """Holds a JSON reply back until its ETag is known; passes all else on as it comes."""

    def __init__(self, send: Send, known: str | None) -> None:
        self._send = send
        self._known = known
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Take a part of the reply."""
        if message["type"] == "http.response.start":
            kind = Headers(raw=message["headers"]).get("content-type", "")
            if message["status"] == HTTPStatus.OK and kind.split(";")[0] in _JSON:
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        tag = f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'
        headers = MutableHeaders(raw=start["headers"])
        headers["etag"] = tag
        headers.setdefault("cache-control", "private, no-cache")
        body = bytes(self._body)
        if self._known is not None and _names(self._known, tag):
            start = {**start, "status": HTTPStatus.NOT_MODIFIED}
            del headers["content-length"], headers["content-type"]
            body = b""
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _names(header: str, tag: str) -> bool:
    """Tell whether a list of ETags names this one.

    >>> _names('W/"a", "b"', '"b"'), _names("*", '"b"'), _names('"c"', '"b"')
    (True, True, False)
    """
    return header.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in header.split(",")]
