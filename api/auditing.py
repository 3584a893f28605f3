"""Which requests are noted in the audit log, and how; never what was asked or answered."""

import logging
import re
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import Message, Scope, Send

from api.telemetry.requests import find_route, method_of, route_of
from rag.compose import Grove
from rag.core.access import Access

__all__ = ["audited"]

# Looking at lists is not noted, opening what is kept is.
_OPENED = re.compile(
    r"/api/v1/(documents/.+|runs/.+|conversations/.+|shared/.+|keys.*|audit.*)|/v1/(files/.+|responses/.+)"
    r"|.*/content",
    re.DOTALL,
)
_CLIENT_GONE = 499
_LEFT_OUT = "token"  # of a link: who reads it may open what it leads to
_MAX_CHARS = 200
_log = logging.getLogger(__name__)


@contextmanager
def audited(grove: Grove, access: Access, scope: Scope, send: Send) -> Iterator[Send]:
    """Give a `send` that notes the request when its reply begins, if it is one to note.

    A request that ends without a reply is noted as one that failed, or whose client went away.
    """
    is_answered = False

    def note(status: int) -> None:
        nonlocal is_answered
        is_answered = True
        find_route(scope)
        if not _is_noted(scope, status):
            return
        params = scope.get("path_params", {}).items()
        named = {str(name): str(value)[:_MAX_CHARS] for name, value in params if name != _LEFT_OUT}
        action = f"{method_of(scope)} {route_of(scope)}"
        grove.within(access).audit.record(action, named, status).add_done_callback(_told)

    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            note(message["status"])
        await send(message)

    status = _CLIENT_GONE
    try:
        yield noting
    except ClientDisconnect:  # before all of its body had come
        raise
    except Exception:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        raise
    finally:
        if not is_answered:
            note(status)


def _is_noted(scope: Scope, status: int) -> bool:
    is_look = scope["method"] in ("GET", "HEAD", "OPTIONS")
    return not is_look or status == HTTPStatus.FORBIDDEN or _OPENED.fullmatch(scope["path"]) is not None


def _told(written: "Future[None]") -> None:
    if (error := written.exception()) is not None:
        _log.error("the audit log could not be written: %s", error)
