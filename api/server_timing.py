"""`Server-Timing`: how long a reply took, and where its work has stages, how long each of them.

Source: W3C Server Timing, https://www.w3.org/TR/server-timing/.
"""

import re
import time
from collections.abc import Mapping

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ServerTiming", "show_stages"]

_NOT_A_TOKEN = re.compile(r"[^A-Za-z0-9_-]+")


def show_stages(request: Request, timings: Mapping[str, float]) -> None:
    """Let the reply to a request tell its stages, in milliseconds."""
    request.state.timings = timings


class ServerTiming:
    """Adds the header to every reply; the total is until the reply begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        state = scope.setdefault("state", {})

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                stages = {name: each for name, each in state.get("timings", {}).items() if name != "total"}
                stages["total"] = (time.perf_counter() - started) * 1000
                MutableHeaders(scope=message)["server-timing"] = _header(stages)
            await send(message)

        await self._app(scope, receive, timed)


def _header(stages: Mapping[str, float]) -> str:
    """Give the header's value.

    >>> _header({"first stage": 1.234, "total": 2})
    'first-stage;dur=1.23, total;dur=2.00'
    """
    return ", ".join(f"{_NOT_A_TOKEN.sub('-', name)};dur={each:.2f}" for name, each in stages.items())
