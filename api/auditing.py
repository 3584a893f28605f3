"""Which requests are noted in the audit log, and how; never what was asked or answered."""

import logging
import re
from concurrent.futures import Future

from starlette.types import Message, Scope, Send

from api.telemetry.requests import method_of, route_of
from rag.compose import Grove
from rag.core.access import Access

__all__ = ["audited"]

# Looking at lists is not noted, opening what is kept is.
_OPENED = re.compile(
    r"/api/v1/(documents/.+|runs/[^/]+|keys.*|audit.*)|/v1/(files/.+|responses/.+)|.*/content", re.DOTALL
)
_FORBIDDEN = 403
_MAX_CHARS = 200
_log = logging.getLogger(__name__)


def audited(grove: Grove, access: Access, scope: Scope, send: Send) -> Send:
    """Give a `send` that notes the request when its reply begins, if it is one to note."""

    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start" and _is_noted(scope, message["status"]):
            named = {str(name): str(value)[:_MAX_CHARS] for name, value in scope["path_params"].items()}
            action = f"{method_of(scope)} {route_of(scope)}"
            log = grove.within(access).audit
            log.record(action, named, message["status"]).add_done_callback(_told)
        await send(message)

    scope.setdefault("path_params", {})
    return noting


def _is_noted(scope: Scope, status: int) -> bool:
    is_look = scope["method"] in ("GET", "HEAD", "OPTIONS")
    return not is_look or status == _FORBIDDEN or _OPENED.fullmatch(scope["path"]) is not None


def _told(written: "Future[None]") -> None:
    if (error := written.exception()) is not None:
        _log.error("the audit log could not be written: %s", error)
