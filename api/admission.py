"""How many questions are worked on at once: a few more wait, and what is too many is turned away at once.

A server that takes whatever comes serves nobody in time. One that turns the excess away, with a time to
come back, serves the others as if it had never come.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agents.recording import REASON
from rag.core.errors import OverloadedError, UnavailableError
from rag.core.events import Event
from rag.core.settings import ServerSettings

__all__ = ["Admission"]

_STOPPED = "the server was stopped before the answer was there; ask again"
_MAX_RETRY_SECONDS = 60
_NEWEST_SHARE = 0.1  # of the last question in the average time that one takes


class Admission:
    """The places for questions of one process; used by its event loop alone."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(settings.max_working)
        self._average_seconds = 1.0
        self._closes_at: float | None = None
        self._waits: set[asyncio.Timeout] = set()  # for the next event, of each question at work
        self.working = 0
        self.waiting = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place for as long as the block runs; who came first is let in first.

        Raises:
            OverloadedError: too many wait already, or this one has waited too long.
        """
        await self._enter()
        started = time.perf_counter()
        self.working += 1
        try:
            yield
        finally:
            self.working -= 1
            self._places.release()
            took = time.perf_counter() - started
            self._average_seconds += _NEWEST_SHARE * (took - self._average_seconds)

    async def next_of(self, events: AsyncIterator[Event]) -> Event | None:
        """Give the next event, None behind the last one.

        Raises:
            UnavailableError: the server stops, and will not wait for it.
        """
        wait = asyncio.timeout_at(self._closes_at)
        REASON.set(lambda: UnavailableError(_STOPPED) if wait.expired() else None)
        self._waits.add(wait)
        try:
            async with wait:
                event: Event | None = await anext(events, None)
                return event
        except TimeoutError as error:
            if not wait.expired():
                raise
            raise UnavailableError(_STOPPED) from error
        finally:
            self._waits.discard(wait)

    def close(self, *, after_seconds: float) -> None:
        """Let no more questions in, and those at work go on for so long."""
        self._closes_at = asyncio.get_running_loop().time() + after_seconds
        for wait in self._waits:
            wait.reschedule(self._closes_at)

    async def _enter(self) -> None:
        if self._closes_at is not None:
            raise UnavailableError("the server is being stopped; ask again in a moment")
        if self._places.locked() and self.waiting >= self._settings.max_waiting:
            raise self._overloaded(f"and {self.waiting} wait")
        self.waiting += 1
        try:
            async with asyncio.timeout(self._settings.max_wait_seconds):
                await self._places.acquire()
        except TimeoutError as error:
            raise self._overloaded(f"for {self._settings.max_wait_seconds:g} s") from error
        finally:
            self.waiting -= 1

    def _overloaded(self, how: str) -> OverloadedError:
        # When those that wait will have had their turn, at the pace of the last ones.
        seconds = self._average_seconds * (self.waiting + 1) / self._settings.max_working
        return OverloadedError(
            f"the server works on {self._settings.max_working} questions, as many as it may"
            f" (GROVE_SERVER__MAX_WORKING), {how}; ask again later",
            retry_after_seconds=min(_MAX_RETRY_SECONDS, max(1, math.ceil(seconds))),
        )
