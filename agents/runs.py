"""One question from start to end: checks it, runs the graph, numbers and stores its events."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from agents.graph import answer_graph
from agents.state import Context, State
from rag.compose import DEFAULT, Grove
from rag.core.errors import InvalidInputError, RagError
from rag.core.events import (
    AnswerFinished,
    CitationFound,
    Event,
    RunFailed,
    RunStarted,
    StepFinished,
    TokenGenerated,
)
from rag.core.protocols import GenerationOptions, Message
from rag.core.types import Answer, Usage

__all__ = ["ask"]

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

    Raises before the first event, so that a caller can still refuse the request:
        InvalidInputError: a blank question, a wrong filter, an unknown retriever or generator.
        NotFoundError: no such collection.

    What fails later ends the events with `RunFailed`.
    """
    text = question.strip()
    if not text or len(text) > _MAX_QUESTION_CHARS:
        raise InvalidInputError(f"a question has 1 to {_MAX_QUESTION_CHARS} characters, got {len(text)}")
    context = await asyncio.to_thread(
        _context, grove, collection=collection, retriever=retriever, generator=generator, filter=filter
    )
    run = _Run(grove, uuid.uuid4().hex)
    await asyncio.to_thread(grove.runs.start, run.run_id, text, collection)
    state = State(question=text, history=tuple(history))
    try:
        yield await run.record(RunStarted(0, run.run_id, text, collection, retriever, generator))
        async for event in _execute(run, state, context):
            yield event
    finally:
        # Also when the caller went away: an unfinished run must not look as if it still ran. Web servers
        # cancel again at every await, hence the shield.
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, run.close))


async def _execute(run: "_Run", state: State, context: Context) -> AsyncGenerator[Event, None]:
    final = state
    try:
        async for mode, payload in answer_graph().astream(
            state, context=context, stream_mode=["custom", "values"]
        ):
            if mode == "custom":
                yield await run.record(cast(Event, payload))
            else:
                final = cast(State, payload)
    except RagError as error:
        yield await run.record(RunFailed(0, type(error).__name__, str(error)))
        return
    for number, citation in enumerate(final["citations"], 1):
        yield await run.record(CitationFound(0, number, citation))
    yield await run.record(AnswerFinished(0, run.answer(final)))


@dataclass(slots=True)
class _Run:
    """The bookkeeping of one run: sequence numbers, timings, and events not yet stored."""

    grove: Grove
    run_id: str
    _seq: int = 0
    _pending: list[Event] = field(default_factory=list)
    _timings: dict[str, float] = field(default_factory=dict)
    _started: float = field(default_factory=time.perf_counter)
    _state: str = "cancelled"

    async def record(self, event: Event) -> Event:
        """Number the event and store it: at once at the end of a step, else with the next such event."""
        self._seq += 1
        numbered = replace(event, seq=self._seq)
        self._pending.append(numbered)
        match numbered:
            case TokenGenerated():
                self._timings.setdefault("first_token", self._elapsed())
            case StepFinished():
                self._timings[numbered.step] = numbered.milliseconds
                await asyncio.to_thread(self._store)
            case AnswerFinished():
                self._state = "done"
            case RunFailed():
                self._state = "failed"
        return numbered

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
        )

    def close(self) -> None:
        """Store what is left and say how the run ended."""
        self._store()
        self.grove.runs.finish(self.run_id, self._state)

    def _store(self) -> None:
        pending, self._pending = self._pending, []
        if pending:
            self.grove.runs.append(self.run_id, pending)

    def _elapsed(self) -> float:
        return round((time.perf_counter() - self._started) * 1000, 2)


def _context(grove: Grove, *, collection: str, retriever: str, generator: str, filter: object) -> Context:
    settings = grove.settings.generation
    grove.check_search(collection=collection, retriever=retriever, filter=filter)
    return Context(
        search=lambda query: grove.search(
            query, collection=collection, retriever=retriever, k=settings.num_passages, filter=filter
        ),
        generator=grove.generator(generator),
        quoting=grove.generator("extractive"),
        options=GenerationOptions(settings.max_tokens, settings.temperature, settings.timeout_seconds),
        support=grove.support,
        locate=grove.catalog.locate,
        min_relevance=settings.min_relevance,
        min_answerability=settings.min_answerability,
    )
