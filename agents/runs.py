"""One question through the graph: its events, numbered and stored as they happen.

A run that asks for permission ends its events there and is taken up by `answer_permission`, in this process
or another: its state is a checkpoint, its history the event table.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, cast
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphRecursionError
from langgraph.types import Command

from agents.checkpoints import checkpoints
from agents.graph import Graph, answer_graph, pausing_graph
from agents.parts import context_of
from agents.recording import Recording
from agents.state import Context, State
from rag.compose import DEFAULT, Grove
from rag.core.errors import (
    ConflictError,
    InvalidInputError,
    OutOfStepsError,
    OutOfTimeError,
    RagError,
    RunCancelledError,
)
from rag.core.events import (
    AnswerFinished,
    CitationFound,
    Event,
    PermissionAnswered,
    PermissionAsked,
    RunStarted,
)
from rag.core.protocols import Message

__all__ = ["answer_permission", "ask", "cancel", "recorded"]

_MAX_QUESTION_CHARS = 20_000


async def ask(
    grove: Grove,
    question: str,
    *,
    collection: str = DEFAULT,
    retriever: str = DEFAULT,
    generator: str = DEFAULT,
    filter: object = None,
    history: Sequence[Message] = (),
) -> AsyncGenerator[Event, None]:
    """Answer a question, event by event; closing the iterator cancels the run.

    The last event is `AnswerFinished`, `RunFailed`, or `PermissionAsked` of a run that waits. Raises before
    the first event, so that a caller can still refuse the request:
        InvalidInputError: a blank question, a wrong filter, an unknown retriever or generator.
        NotFoundError: no such collection.
    """
    text = question.strip()
    if not text or len(text) > _MAX_QUESTION_CHARS:
        raise InvalidInputError(f"a question has 1 to {_MAX_QUESTION_CHARS} characters, got {len(text)}")
    context = await context_of(
        grove, collection=collection, retriever=retriever, generator=generator, filter=filter
    )
    run = Recording(grove.runs, uuid4().hex)
    await asyncio.wrap_future(grove.runs.start(run.run_id, text, collection))
    started = RunStarted(0, run.run_id, text, collection, retriever, generator, cast(Any, filter))
    state = State(question=text, history=tuple(history))
    async with aclosing(recorded(grove, run, started, state, context)) as events:
        async for event in events:
            yield event


async def answer_permission(grove: Grove, run_id: str, *, allow: bool) -> AsyncGenerator[Event, None]:
    """Allow or forbid the call that a run waits with, and go on with its events as `ask` does.

    Raises before the first event:
        NotFoundError: no such run.
        ConflictError: it waits for no permission.
    """
    events = await asyncio.to_thread(grove.runs.events, run_id)
    first, last = events[0], events[-1]
    assert isinstance(first, RunStarted), "a run's first event says how it was asked"
    context = await context_of(
        grove,
        collection=first.collection,
        retriever=first.retriever,
        generator=first.generator,
        filter=first.filter,
    )
    await asyncio.to_thread(grove.runs.resume, run_id)
    assert isinstance(last, PermissionAsked), "a run that waits has asked last"
    run = Recording.resumed(grove.runs, run_id, events)
    answered = PermissionAnswered(0, last.tool, allow)
    async with aclosing(recorded(grove, run, answered, Command(resume=allow), context)) as following:
        async for event in following:
            yield event


async def cancel(grove: Grove, run_id: str) -> None:
    """End a run, wherever it is worked on; one that waits is forgotten but for its events.

    Raises:
        NotFoundError: no such run.
        ConflictError: it has ended.
    """
    before = await asyncio.to_thread(grove.runs.run, run_id)
    await asyncio.to_thread(grove.runs.cancel, run_id)
    if before.state == "waiting":
        await _forget(grove, run_id)


async def recorded(
    grove: Grove, run: Recording, first: Event, given: "State | Command[Any]", context: Context
) -> AsyncGenerator[Event, None]:
    """Give the events of a run, each stored, from this first one to where it ends or waits.

    Args:
        grove: keeps what waits.
        run: what is stored under.
        first: that was not stored yet.
        given: the state to begin with, or a person's answer.
        context: the parts that the nodes call.
    """
    try:
        yield await run.record(first)
        async with aclosing(_executed(grove, run, given, context)) as events:
            async for event in events:
                yield event
    except BaseException as error:
        # Also when the caller went away: an unfinished run must not look as if it still ran.
        await run.broke_off(error)
        raise


async def _executed(
    grove: Grove, run: Recording, given: "State | Command[Any]", context: Context
) -> AsyncGenerator[Event, None]:
    reached = State()
    if isinstance(given, Command):
        steps = _resumed(grove, run.run_id, given, context, reached)
    else:
        reached.update(given)
        steps = _steps(answer_graph(), run.run_id, given, context, reached)
    try:
        async with aclosing(steps) as events:
            async for event in events:
                yield await run.record(event)
        if (call := reached.get("call")) is not None:
            await _pause(grove, run.run_id, reached, context)
            try:
                yield await run.record(PermissionAsked(0, call.tool, call.arguments, call.effects))
            except RunCancelledError:
                await _forget(grove, run.run_id)
                raise
            return
        for number, citation in enumerate(reached["citations"], 1):
            yield await run.record(CitationFound(0, number, citation))
        yield await run.record(AnswerFinished(0, run.answer(reached)))
    except RagError as error:
        yield await run.failed(error, reached)


async def _resumed(
    grove: Grove, run_id: str, given: Any, context: Context, reached: State
) -> AsyncGenerator[Event, None]:
    async with checkpoints(grove) as saver:
        if await saver.aget_tuple(_config(run_id, context)) is None:
            raise ConflictError(f"the checkpoint of run {run_id} is gone; ask again")
        try:
            graph = pausing_graph(saver)
            async with aclosing(_steps(graph, run_id, given, context, reached)) as events:
                async for event in events:
                    yield event
        finally:
            await asyncio.shield(saver.adelete_thread(run_id))


async def _pause(grove: Grove, run_id: str, state: State, context: Context) -> None:
    """Keep the state for whoever takes the run up."""
    async with checkpoints(grove) as saver:
        async for _ in _steps(pausing_graph(saver), run_id, state, context, State()):
            raise AssertionError("the graph waits before its first step")


async def _forget(grove: Grove, run_id: str) -> None:
    async with checkpoints(grove) as saver:
        await saver.adelete_thread(run_id)


async def _steps(
    graph: Graph, run_id: str, given: Any, context: Context, reached: State
) -> AsyncGenerator[Event, None]:
    """Run the graph and give its events; `reached` takes up what each step changes.

    Raises:
        OutOfTimeError, OutOfStepsError: a limit was reached.
    """
    limits = context.limits
    deadline = asyncio.get_running_loop().time() + limits.seconds
    stream = graph.astream(
        given,
        _config(run_id, context),
        context=context,
        stream_mode="custom",
        durability="exit" if graph.checkpointer else None,
    )
    try:
        while (item := await _next(stream, deadline)) is not None:
            if isinstance(item, dict):
                reached.update(cast(State, item))
            else:
                yield item
    except TimeoutError as error:
        raise OutOfTimeError(
            f"the run took longer than {limits.seconds:g} s (GROVE_ORCHESTRATION__MAX_SECONDS)"
        ) from error
    except GraphRecursionError as error:
        raise OutOfStepsError(
            f"the run took more than {limits.steps} steps (GROVE_ORCHESTRATION__MAX_STEPS)"
        ) from error
    finally:
        await cast(AsyncGenerator[Any, None], stream).aclose()


async def _next(stream: AsyncIterator[Any], deadline: float) -> Event | dict[str, object] | None:
    # Only the wait is limited, never the time that the reader of the events takes.
    async with asyncio.timeout_at(deadline):
        item: Event | dict[str, object] | None = await anext(stream, None)
        return item


def _config(run_id: str, context: Context) -> RunnableConfig:
    return {"configurable": {"thread_id": run_id}, "recursion_limit": context.limits.steps}
