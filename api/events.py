"""The events of a run as HTTP needs them: begun before the reply, ended whatever happens, or read back."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, TypeVar

from fastapi import Request

from api.outcomes import Outcome, Waiting
from rag.compose import Grove
from rag.core.errors import NotFoundError, error_named
from rag.core.events import AnswerFinished, Event, PermissionAsked, RunFailed, RunStarted, StepFinished

__all__ = ["Guard", "begun", "outcome", "stored", "unless_gone"]

_T = TypeVar("_T")
Guard = Callable[[AsyncGenerator[Event, None]], AsyncGenerator[Event, None]]
"""Ends with `RunFailed` also what fails in a way that nobody foresaw."""

_POLL_SECONDS = 0.25


async def begun(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """Wait for the first event, so that what is wrong with the request is raised; then give all."""
    first = await anext(events)

    async def all_of_them() -> AsyncGenerator[Event, None]:
        async with aclosing(events):
            yield first
            async for event in events:
                yield event

    return all_of_them()


async def outcome(events: AsyncGenerator[Event, None], *, run_id: str = "") -> Outcome:
    """Give the answer, or what the run waits for, and the steps that led there.

    Args:
        events: of a run, from its start or from its answered permission.
        run_id: of the run, where its start is not among the events.

    Raises:
        RagError: the run failed.
    """
    steps = []
    async with aclosing(events):
        async for event in events:
            match event:
                case RunStarted():
                    run_id = event.run_id
                case StepFinished():
                    steps.append(event)
                case RunFailed():
                    raise error_named(event.error, event.message)
                case AnswerFinished():
                    return event.answer, steps
                case PermissionAsked():
                    return Waiting(run_id, event), steps
    raise AssertionError("a run ends with an answer or an error, or waits")


async def stored(grove: Grove, run_id: str, *, after: int) -> AsyncGenerator[Event, None]:
    """Give the stored events behind a sequence number, and while the run goes on those to come."""
    loop = asyncio.get_running_loop()
    # Twice as long as the slowest answer may take: nobody works on this run any more.
    patience = 2 * grove.settings.generation.timeout_seconds
    deadline = loop.time() + patience
    while loop.time() < deadline:
        try:
            # The state first: what is stored between the two looks is then among the events.
            state = (await asyncio.to_thread(grove.runs.run, run_id)).state
            events = await asyncio.to_thread(partial(grove.runs.events, run_id, after=after))
        except NotFoundError as error:  # it was erased meanwhile
            yield RunFailed(after + 1, type(error).__name__, str(error))
            return
        for event in events:
            after, deadline = event.seq, loop.time() + patience
            yield event
        if state != "running":
            return
        await asyncio.sleep(_POLL_SECONDS)


async def unless_gone(request: Request, work: Coroutine[Any, Any, _T]) -> _T | None:
    """Give what the work gives; a client that goes away cancels it, and None is given."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        gone.cancel()
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return None


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
