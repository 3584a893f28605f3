"""What every request passes before a route sees it, and what every reply carries.

Knows addresses, headers and sizes; nothing of what is asked.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem
from rag.core.addresses import is_loopback
from rag.core.server_settings import ServerSettings

__all__ = ["RequestGuard", "SecurityHeaders"]

_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_MAX_JSON_BYTES = 8_000_000
_MAX_EPILOGUE_BYTES = 1024  # behind an upload's closing boundary
_UPLOADS = re.compile(r"/v1/files|/api/v1/collections/.+/documents")
_READING = ("GET", "HEAD", "OPTIONS")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class SecurityHeaders:
    """Adds to every reply what keeps a browser from trusting too much."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class RequestGuard:
    """Refuses requests that a page elsewhere made a browser send, and those that are too large."""

    def __init__(self, app: ASGIApp, *, server: ServerSettings) -> None:
        """Set what is refused.

        Args:
            app: what comes next.
            server: on loopback it answers to loopback names only, and to the one where people sign in.
        """
        self._app = app
        self._is_loopback = is_loopback(server.host)
        self._public_name = None if server.oidc is None else urlsplit(server.oidc.public_url).hostname
        self._max_upload_bytes = server.max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on and count its bytes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self._limit(scope, headers)
        refused = self._refused(scope, headers) or _too_long(headers, limit)
        if refused is None:
            await self._app(scope, _whole(_limited(receive, limit), headers), send)
        else:
            await problem(scope["path"], *refused)(scope, receive, send)

    def _refused(self, scope: Scope, headers: Headers) -> tuple[HTTPStatus, str] | None:
        host = headers.get("host", "")
        name = _hostname(host)
        if self._is_loopback and not is_loopback(name) and name != self._public_name:
            # A name of somebody else's that leads here: DNS rebinding.
            return HTTPStatus.MISDIRECTED_REQUEST, (
                f"this server answers to localhost and 127.0.0.1 only, got the host {host!r:.80};"
                " to be reached by other names it must listen on another address (GROVE_SERVER__HOST)"
            )
        if scope["method"] not in _READING and _is_cross_site(headers, host):
            return HTTPStatus.FORBIDDEN, "a page of another site may not change anything here"
        if _CONTROL.search(scope["path"]) or b"%00" in scope["query_string"]:
            # A line feed at a path's end is one that the router does not see, and others may.
            return HTTPStatus.BAD_REQUEST, (
                "the address holds a control character (as %0A in its path, or %00); leave it out"
            )
        return None

    def _limit(self, scope: Scope, headers: Mapping[str, str]) -> int:
        is_form = headers.get("content-type", "").lower().startswith("multipart/form-data")
        is_upload = is_form and _UPLOADS.fullmatch(scope["path"]) is not None
        return self._max_upload_bytes if is_upload else _MAX_JSON_BYTES


def _is_cross_site(headers: Mapping[str, str], host: str) -> bool:
    """Tell whether a browser sends this for a page of another origin; other clients send neither header."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host.lower()


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # brackets that hold no address
        return ""


def _too_long(headers: Mapping[str, str], limit: int) -> tuple[HTTPStatus, str] | None:
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_long_detail(limit)
    return None


def _whole(receive: Receive, headers: Mapping[str, str]) -> Receive:
    """Refuse an upload that was cut short: what stood last in it would be left out, and nobody told."""
    kind, options = parse_options_header(headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        return receive
    closing, tail = b"--" + boundary + b"--", b""

    async def checked() -> Message:
        nonlocal tail
        message = await receive()
        tail = (tail + message.get("body", b""))[-len(closing) - _MAX_EPILOGUE_BYTES :]
        if message["type"] == "http.request" and not message.get("more_body") and closing not in tail:
            raise HTTPException(
                HTTPStatus.BAD_REQUEST,
                "the upload ends before its closing boundary, so that a file may be cut short or missing;"
                " nothing was taken in, send it again",
            )
        return message

    return checked


def _limited(receive: Receive, limit: int) -> Receive:
    room = limit

    async def counted() -> Message:
        nonlocal room
        message = await receive()
        room -= len(message.get("body", b""))
        if room < 0:  # sent in pieces, without a length, or longer than it said
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_long_detail(limit))
        return message

    return counted


def _too_long_detail(limit: int) -> str:
    if limit == _MAX_JSON_BYTES:
        return f"the request has more than {limit} bytes; send less at once"
    return (
        f"the upload has more than {limit} bytes; send fewer or smaller files at once"
        " (GROVE_SERVER__MAX_UPLOAD_BYTES sets the limit)"
    )
