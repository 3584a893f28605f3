"""The bookkeeping of one run: numbers of events, timings, and how it ended, written to the event table."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Self

from agents.state import State
from rag.core.errors import OWN_FAULT, LimitReachedError, NotFoundError, RagError, RunCancelledError
from rag.core.events import (
    AnswerFinished,
    Event,
    PermissionAsked,
    RunFailed,
    StepFinished,
    TokenGenerated,
)
from rag.core.types import Answer, Usage
from rag.db.runs import RunLog

__all__ = ["REASON", "Recording"]

REASON: ContextVar[Callable[[], RagError | None]] = ContextVar("REASON", default=lambda: None)
"""Why a run is cut off, as whoever cuts it off knows; without a reason nobody waits for it any more."""
_STORE_SECONDS = 0.2  # events are stored so often, and at the end; who follows a run sees them so late


@dataclass(slots=True)
class Recording:
    """What happens in a run, as it happens; used by one task."""

    log: RunLog
    run_id: str
    _seq: int = 0
    _pending: list[Event] = field(default_factory=list)
    _timings: dict[str, float] = field(default_factory=dict)
    _earlier: float = 0.0  # milliseconds before a pause
    _started: float = field(default_factory=time.perf_counter)
    _stored: float = field(default_factory=time.perf_counter)
    _is_closed: bool = False  # it has ended, or waits

    @classmethod
    def resumed(cls, log: RunLog, run_id: str, events: Sequence[Event]) -> Self:
        """Go on behind the stored events."""
        steps = {event.step: event.milliseconds for event in events if isinstance(event, StepFinished)}
        return cls(log, run_id, _seq=events[-1].seq, _timings=steps, _earlier=sum(steps.values()))

    async def record(self, event: Event) -> Event:
        """Number the event and keep it; those kept are stored together, a few times a second.

        Raises:
            RunCancelledError: somebody has ended the run.
        """
        self._seq += 1
        numbered = replace(event, seq=self._seq)
        self._pending.append(numbered)
        match numbered:
            case TokenGenerated():
                self._timings.setdefault("first_token", self._elapsed())
            case StepFinished():
                earlier = self._timings.get(numbered.step, 0.0)  # a step may be taken again
                self._timings[numbered.step] = round(earlier + numbered.milliseconds, 2)
            case AnswerFinished():  # stored before it is shown: a cancelled run has no answer
                await self._end("done")
            case PermissionAsked():  # so is this: the permission may come at once
                await self._end("waiting")
        if not self._is_closed and time.perf_counter() - self._stored > _STORE_SECONDS:
            await self._store()
        return numbered

    async def failed(self, error: Exception, state: State) -> Event:
        """Record how the run failed, and what it had found by then.

        When somebody else has ended it, the event that says so is given: all see the same one.
        """
        found = tuple(state.get("passages", ()))
        event = RunFailed(self._seq + 1, type(error).__name__, str(error), found)
        if not isinstance(error, RunCancelledError):
            try:
                await self._fail(event, error.state if isinstance(error, LimitReachedError) else "failed")
            except RunCancelledError as cancelled:
                error = cancelled
            else:
                return event
        self._is_closed = True
        with suppress(NotFoundError):
            stored = await asyncio.to_thread(self.log.events, self.run_id)
            if stored and isinstance(stored[-1], RunFailed):
                return stored[-1]
        return RunFailed(event.seq, type(error).__name__, str(error))

    async def broke_off(self, error: BaseException) -> None:
        """Record a run that ended in a way that it does not know of; also when this is cancelled."""
        if self._is_closed:
            return  # somebody else may be at work on it by now
        if not isinstance(error, Exception):
            error = REASON.get()() or RunCancelledError(
                f"run {self.run_id} was cancelled: nobody waited for its end"
            )
        text = str(error) if isinstance(error, RagError) else OWN_FAULT
        event = RunFailed(self._seq + 1, type(error).__name__, text)
        with suppress(RunCancelledError):
            await self._fail(event, "cancelled" if isinstance(error, RunCancelledError) else "failed")

    def answer(self, final: State) -> Answer:
        """Put the answer together from the graph's last state."""
        self._timings["total"] = self._elapsed()
        return Answer(
            answer=final["answer"],
            short_answer=final["short_answer"],
            refused=final["refused"],
            sentences=final["sentences"],
            citations=final["citations"],
            run_id=self.run_id,
            timings=dict(self._timings),
            usage=final.get("usage", Usage()),
            missing=final.get("missing"),
        )

    async def _fail(self, event: RunFailed, state: str) -> None:
        self._seq = event.seq
        self._pending.append(event)
        await self._end(state)

    async def _end(self, state: str) -> None:
        self._is_closed = True
        pending, self._pending = self._pending, []
        await asyncio.wrap_future(self.log.finish(self.run_id, state, pending))

    async def _store(self) -> None:
        pending, self._pending = self._pending, []
        self._stored = time.perf_counter()
        await asyncio.wrap_future(self.log.append(self.run_id, pending))

    def _elapsed(self) -> float:
        return round(self._earlier + (time.perf_counter() - self._started) * 1000, 2)
