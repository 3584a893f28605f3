"""The bookkeeping of one run: numbers of events, timings, and how it ended, written to the event table."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Self

from agents.state import State
from rag.core.errors import LimitReachedError
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

__all__ = ["Recording"]

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
    _state: str = "cancelled"  # unless it ends otherwise
    _is_closed: bool = False
    _storing: "Future[None] | None" = None  # events that are on their way into the database

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
                self._timings[numbered.step] = numbered.milliseconds
            case AnswerFinished():
                self._state = "done"
            case PermissionAsked():  # stored before it is shown: the answer may come at once
                self._state = "waiting"
                await self.close()
        if not self._is_closed and time.perf_counter() - self._stored > _STORE_SECONDS:
            await self._store()
        return numbered

    async def failed(self, error: Exception, state: State) -> Event:
        """Record how the run failed, and what it had found by then."""
        self._state = error.state if isinstance(error, LimitReachedError) else "failed"
        # A cancelled run is not to be told so twice.
        self._stored, self._storing = time.perf_counter(), None
        found = tuple(state.get("passages", ()))
        return await self.record(RunFailed(0, type(error).__name__, str(error), found))

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

    async def close(self) -> None:
        """Store what is left and say how the run ended, or that it waits; also when this is cancelled."""
        if self._is_closed:
            return  # somebody else may be at work on it by now
        self._is_closed = True
        pending, self._pending = self._pending, []
        await asyncio.wrap_future(self.log.finish(self.run_id, self._state, pending))

    async def _store(self) -> None:
        """Begin to store what is pending; wait only for what should have been stored by now."""
        if self._storing is not None:
            storing, self._storing = self._storing, None
            await asyncio.wrap_future(storing)
        pending, self._pending = self._pending, []
        self._stored = time.perf_counter()
        self._storing = self.log.append(self.run_id, pending)

    def _elapsed(self) -> float:
        return round(self._earlier + (time.perf_counter() - self._started) * 1000, 2)
