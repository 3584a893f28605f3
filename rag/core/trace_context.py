"""The trace that the work at hand is part of, as headers for requests to other servers.

There are none unless tracing is on. Knows nothing of OpenTelemetry: who traces fills them in, once for each
request to this server; tasks and threads that come of it see the same ones.

Source: W3C Trace Context, section 3.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["trace_headers", "tracing", "within_span"]

_HEADERS: ContextVar[dict[str, str] | None] = ContextVar("trace_headers", default=None)


def trace_headers() -> Mapping[str, str]:
    """Give the headers to send: `traceparent` and `tracestate`, or nothing."""
    return _HEADERS.get() or {}


@contextmanager
def tracing() -> Iterator[None]:
    """Let what is done inside, and the tasks that it starts, be one piece of a trace."""
    token = _HEADERS.set({})
    try:
        yield
    finally:
        _HEADERS.reset(token)


def within_span(headers: Mapping[str, str]) -> None:
    """Name the span that requests are part of from now on; of no effect where nothing is traced."""
    held = _HEADERS.get()
    if held is not None:
        held.clear()
        held.update(headers)
