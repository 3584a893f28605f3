"""The HTTP application: routes, errors, guards and the web page put together.

The one place of the API that catches everything: a reply with status 500, or the last event of a run. Only
the tools of api/mcp_server.py do it too, whose library would answer with what it caught.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.admission import Admission
from api.authentication import AccessGuard, Authenticator
from api.conditions import Conditions
from api.described import Described
from api.detached import Detached
from api.guards import RequestGuard, SecurityHeaders
from api.idempotency import Idempotency
from api.interfaces import INTERFACES
from api.problems import OWN_FAULT, PROBLEM, add_handlers, problem
from api.remote import instance_of
from api.routes import (
    ask,
    audit,
    collections,
    conversations,
    documents,
    erase,
    feedback,
    health,
    jobs,
    keys,
    me,
    metrics,
    runs,
    schedules,
    search,
    sessions,
    settings,
    sign_in,
    sources,
    sql,
    tools,
)
from api.server_timing import ServerTiming
from api.signing_in import sign_in_of
from api.telemetry.logs import LoggedRun, RequestLog
from api.telemetry.metrics import Metrics, RequestMetrics, RunMetrics
from api.web_page import add_page
from indexing.pages import PagePainter
from rag.compose import Grove
from rag.core.errors import RagError
from rag.core.events import Event, RunFailed

if TYPE_CHECKING:
    from api.telemetry.tracing import Tracing

__all__ = ["create_app"]

_PAGE = Path(__file__).parent / "static"
_ROUTES = (
    health,
    metrics,
    collections,
    documents,
    sources,
    jobs,
    schedules,
    search,
    ask,
    conversations,
    feedback,
    runs,
    tools,
    sql,
    keys,
    me,
    sign_in,
    sessions,
    audit,
    erase,
    settings,
)
_log = logging.getLogger(__name__)


def create_app(
    grove: Grove, *, page: Path = _PAGE, local_secret: str | None = None, tracing: "Tracing | None" = None
) -> FastAPI:
    """Build the application over one installation.

    Args:
        grove: what it serves.
        page: folder of the built web page; without one the application says how to build it.
        tracing: where traces go; without it there are none, and they cost nothing.
        local_secret: what the command line of this machine shows to be let in.
    """
    app = Described(
        title="Grove",
        version="1",
        description="Answers from your documents, every claim tied to the words it came from.",
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
        responses=PROBLEM,
    )
    app.state.grove = grove
    app.state.instance = None if local_secret is None else instance_of(local_secret)
    app.state.metrics = Metrics(grove)
    admission = Admission(grove.settings.server)
    app.state.admission = admission
    app.state.metrics.follow(admission)
    observers: list[Callable[[], _Observer]] = [partial(RunMetrics, app.state.metrics), LoggedRun]
    if tracing is not None:
        observers.append(tracing.run)
    app.state.sign_in = sign_in_of(grove)
    app.state.guard = partial(_ended, admission=admission, observers=observers)
    limits = grove.settings.ingestion
    app.state.detached = Detached()
    app.state.trials = health.Trials(grove)
    app.state.painter = PagePainter(max_seconds=limits.read_seconds, max_bytes=limits.read_bytes)
    add_handlers(app)
    for resource in _ROUTES:
        app.include_router(resource.router)
    for interface in INTERFACES:
        app.include_router(interface.router)
    open_paths = add_page(app, page)
    # The last one added is the first that a request meets.
    app.add_middleware(Conditions)
    app.add_middleware(Idempotency, grove=grove)
    app.add_middleware(
        AccessGuard,
        grove=grove,
        authenticator=Authenticator(grove, local_secret=local_secret, sign_in=app.state.sign_in),
        open_paths=open_paths,
    )
    app.add_middleware(_LastResort)
    app.add_middleware(RequestGuard, server=grove.settings.server)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(ServerTiming)
    app.add_middleware(RequestMetrics, metrics=app.state.metrics)
    app.add_middleware(RequestLog, tenant=grove.settings.tenant)
    if tracing is not None:
        from api.telemetry.tracing import TracedRequests  # noqa: PLC0415  # of the extra `otel`

        app.add_middleware(TracedRequests, tracing=tracing)
    return app


class _LastResort:
    """Answers what no handler knows with status 500, once it is logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_started = False

        async def watched(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if is_started or scope["type"] != "http":
                raise  # too late for a status: the connection is cut off, which no client takes for success
            _log.exception("%s %s failed", scope["method"], scope["path"])
            reply = problem(
                scope["path"], HTTPStatus.INTERNAL_SERVER_ERROR, OWN_FAULT, kind=type(error).__name__
            )
            await reply(scope, receive, send)


class _Observer(Protocol):
    """Sees one run go by; what it does is quick and never fails."""

    def see(self, event: Event) -> None: ...

    def end(self, error: BaseException | None) -> None: ...


async def _ended(
    events: AsyncGenerator[Event, None],
    *,
    admission: Admission,
    observers: Sequence[Callable[[], _Observer]],
) -> AsyncGenerator[Event, None]:
    seq, error, watching = 0, None, [observer() for observer in observers]
    try:
        async with aclosing(events), admission.place():
            while (event := await admission.next_of(events)) is not None:
                seq = event.seq
                for observer in watching:
                    observer.see(event)
                yield event
    except Exception as failure:
        error = failure
        if seq == 0:
            raise  # no event has been sent: the request itself is answered with an error
        is_foreseen = isinstance(failure, RagError)
        if not is_foreseen:
            _log.exception("a run failed in a way that nobody foresaw")
        failed = RunFailed(seq + 1, type(failure).__name__, str(failure) if is_foreseen else OWN_FAULT)
        for observer in watching:
            observer.see(failed)
        yield failed
    finally:
        for observer in watching:
            observer.end(error)
