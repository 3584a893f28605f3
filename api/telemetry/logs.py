"""What a serving process writes down: one JSON object a line for machines, a line of text for a terminal.

A line that belongs to a request says which: its run, tenant and route. What is logged deep below, in
whatever thread, is told apart by the same names.
"""

import json
import logging
import sys
import time
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.telemetry.requests import method_of, route_of
from rag.core.events import Event, RunStarted
from rag.core.settings import LogSettings

__all__ = ["LoggedRun", "RequestLog", "set_up_logs"]

_OURS = ("agents", "api", "indexing", "rag")
_QUIET_ROUTES = ("/health", "/health/ready", "/metrics")  # asked every few seconds by machines
_ESCAPED = {code: f"\\x{code:02x}" for code in (*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0))}
_log = logging.getLogger("api.requests")


@dataclass(slots=True)
class _Request:
    """The request that a line belongs to; filled in as more of it is known."""

    scope: Scope
    tenant: str
    run_id: str | None = None

    def fields(self) -> dict[str, str]:
        """Give what is known."""
        access = self.scope.get("state", {}).get("access")  # once its key was looked at
        known = {"run_id": self.run_id, "tenant": self.tenant if access is None else access.tenant}
        route = {"method": method_of(self.scope), "route": route_of(self.scope)}
        return {**{name: value for name, value in known.items() if value}, **route}


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


def set_up_logs(settings: LogSettings) -> None:
    """Write the log of this process to standard error, as the settings say."""
    form: Literal["json", "text"] = (
        settings.format if settings.format != "auto" else "text" if sys.stderr.isatty() else "json"
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    handler.addFilter(_with_request)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(settings.level.upper())


def _with_request(record: logging.LogRecord) -> bool:
    request = _request.get()
    record.request = {} if request is None else request.fields()
    return True


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "request", {}),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        run_id = getattr(record, "request", {}).get("run_id")
        first, *trace = super().format(record).split("\n")
        lines = [f"{first} (run {run_id})" if run_id else first, *trace]
        return "\n".join(line.translate(_ESCAPED) for line in lines)


class RequestLog:
    """Logs each request once it is answered, and names it in what is logged meanwhile."""

    def __init__(self, app: ASGIApp, *, tenant: str) -> None:
        self._app = app
        self._tenant = tenant

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log its reply."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(scope, self._tenant)
        token = _request.set(request)
        status = 499
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            if route_of(scope) not in _QUIET_ROUTES:
                milliseconds = round((time.perf_counter() - started) * 1000, 1)
                _log.info(
                    "%s %s: %d in %.0f ms",
                    scope["method"],
                    route_of(scope),
                    status,
                    milliseconds,
                    extra={"fields": {"status": status, "milliseconds": milliseconds}},
                )
            _request.reset(token)


class LoggedRun:
    """Names the run in what its request logs."""

    def see(self, event: Event) -> None:
        """Note the run's id."""
        if isinstance(event, RunStarted) and (request := _request.get()) is not None:
            request.run_id = event.run_id

    def end(self, error: BaseException | None) -> None:
        """Do nothing: the request's own line tells."""
