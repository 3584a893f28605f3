"""Whether the server lives, and whether what it needs answers."""

import logging
import math
import time
from collections.abc import Callable

import anyio
from fastapi import APIRouter, Request, Response

from api.remote import INSTANCE_HEADER
from api.schemas import Dependency, Health, Readiness
from rag.compose import Grove
from rag.core.errors import DamagedSegmentError, RagError, SegmentGoneError

__all__ = ["Trials", "router"]

router = APIRouter(tags=["health"])
_RETRY_SECONDS = 5
_FRESH_SECONDS = 1.0
_log = logging.getLogger(__name__)


@router.head("/health", include_in_schema=False)
@router.get("/health", operation_id="health")
async def health(request: Request, response: Response) -> Health:
    """Tell that the process is alive; touches nothing else."""
    if (instance := request.app.state.instance) is not None:
        response.headers[INSTANCE_HEADER] = instance
    return Health("ok")


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", operation_id="ready", responses={503: {"model": Readiness}})
async def ready(request: Request, response: Response) -> Readiness:
    """Try each dependency; 503 when one is down, and why is in the server's log."""
    trials: Trials = request.app.state.trials
    dependencies = await trials.newest()
    is_ready = all(dependency.ok for dependency in dependencies)
    response.status_code = 200 if is_ready else 503
    if not is_ready:
        response.headers["retry-after"] = str(_RETRY_SECONDS)
    return Readiness("ready" if is_ready else "down", dependencies)


class Trials:
    """Tries what the server needs, once a second at most and in a thread that no route can take."""

    def __init__(self, grove: Grove) -> None:
        self._grove = grove
        self._turn = anyio.Lock()
        self._thread = anyio.CapacityLimiter(1)
        self._newest: list[Dependency] = []
        self._tried_at = -math.inf

    async def newest(self) -> list[Dependency]:
        """Give how the newest trial went."""
        async with self._turn:
            if time.monotonic() - self._tried_at > _FRESH_SECONDS:
                self._newest = await anyio.to_thread.run_sync(_tried_all, self._grove, limiter=self._thread)
                self._tried_at = time.monotonic()
            return self._newest


def _tried_all(grove: Grove) -> list[Dependency]:
    return [
        _tried("database", lambda: _collection_names(grove)),
        _tried("store", lambda: _search_once(grove)),
        _tried("encoder", lambda: grove.encoder.encode(["ready"])),
        _tried("generator", lambda: grove.generator().capabilities),
    ]


def _collection_names(grove: Grove) -> list[str]:
    return [collection.name for collection in grove.catalog.collections()]


def _search_once(grove: Grove) -> None:
    assert grove.store
    for name in _collection_names(grove)[:1]:
        try:
            grove.search("ready", collection=name, retriever="lexical", k=1)
        except DamagedSegmentError as error:
            # What is damaged is the collection's trouble, which its own searches tell; what is gone is not.
            if isinstance(error.__cause__, SegmentGoneError):
                raise


def _tried(name: str, use: Callable[[], object]) -> Dependency:
    started = time.perf_counter()
    is_up = True
    try:
        use()
    except (RagError, OSError) as failure:
        is_up = False
        # Not into the reply, which anybody gets: it may tell where the database is.
        _log.warning("the %s is down: %s", name, failure)
    return Dependency(name, is_up, round((time.perf_counter() - started) * 1000, 2))
