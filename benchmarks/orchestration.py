"""What the graph itself costs: every part does nothing, every event is stored, nothing pauses.

The rows go through the real nodes: a search that finds one passage, a reader that nods or shakes its head,
a generator that says one word. Beside them, the same nodes called in a row without a graph, and two commits
to the same database: what of the time is the disk's.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from agents.answering import cite, generate
from agents.nodes import prepare, read, retrieve, route
from agents.recording import Recording
from agents.runs import recorded
from agents.state import Context, Limits, State, Step
from agents.writing import show_nothing
from benchmarks._machine import machine, percentile
from rag.compose import Grove
from rag.core.events import AnswerFinished, RunStarted
from rag.core.protocols import GenerationOptions
from rag.core.settings import Settings
from rag.core.types import Passage, SearchResult
from rag.reading.candidates import Judgement
from rag.reading.support import Evidence, Support

_PASSAGE = Passage("c", "d", 1, "source.txt", "", None, 0, 2, 1.0, "Ok")
_QUESTION = "Is it so?"


class _Nods(Support):
    """Judge nothing: whatever it is, it stands, or does not."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self._chance = chance

    def judge(self, question: str, passages: Sequence[Passage]) -> Judgement:
        return Judgement(self._chance)

    def evidence(
        self, sentence: str, passages: Sequence[Passage], *, question: str = ""
    ) -> Evidence | None:
        return Evidence(passages[0], 0, 2, 1.0, 1.0, True)


def run(*, quick: bool) -> dict[str, Any]:
    """Ask the same question many times."""
    repeats = 100 if quick else 500
    with tempfile.TemporaryDirectory() as folder:
        grove = Grove(Settings(home=Path(folder)))
        answered, refused = _context(grove, 1.0), _context(grove, 0.0)
        rows = [
            _row("answered", repeats, lambda: _ask(grove, answered)),
            _row("declined", repeats, lambda: _ask(grove, refused)),
            _row(
                "the nodes of an answer in a row, no graph, no events", repeats, lambda: _in_a_row(answered)
            ),
            _row("two commits to the database", repeats, lambda: _commits(grove)),
        ]
    return {"machine": machine(), "settings": {"repeats": repeats}, "rows": rows}


def _row(what: str, repeats: int, ask: Callable[[], Awaitable[None]]) -> dict[str, object]:
    async def timed() -> list[float]:
        times = []
        for number in range(-20, repeats):  # the first ones warm up
            started = time.perf_counter()
            await ask()
            if number >= 0:
                times.append((time.perf_counter() - started) * 1000)
        return times

    times = asyncio.run(timed())
    return {
        "what": what,
        "p50_ms": round(statistics.median(times), 2),
        "p95_ms": round(percentile(times, 95), 2),
    }


async def _ask(grove: Grove, context: Context) -> None:
    run = Recording(grove.runs, uuid4().hex)
    grove.runs.start(run.run_id, _QUESTION, "default").result()
    started = RunStarted(0, run.run_id, _QUESTION, "default", "default", "default")
    events = recorded(grove, run, started, State(question=_QUESTION, history=()), context)
    last = [event async for event in events][-1]
    assert isinstance(last, AnswerFinished), last


async def _in_a_row(context: Context) -> None:
    state = State(question=_QUESTION, history=())
    nodes: list[Callable[..., Awaitable[Step]]] = [prepare, retrieve, route, read, generate, cite]
    for node in nodes:
        state.update((await node(state, context, show_nothing)).update)


async def _commits(grove: Grove) -> None:
    run_id = uuid4().hex
    await asyncio.wrap_future(grove.runs.start(run_id, _QUESTION, "default"))
    await asyncio.wrap_future(grove.runs.finish(run_id, "done"))


def _context(grove: Grove, chance: float) -> Context:
    generator = grove.generator("echo")
    return Context(
        search=lambda query: SearchResult([_PASSAGE], {}),
        generator=generator,
        quoting=generator,
        options=GenerationOptions(),
        support=_Nods(chance),
        locate=lambda document_id, version, start, end: (None, ()),
        min_relevance=0.5,
        min_answerability=0.5,
        limits=Limits(60.0, 24, 1000, 1000),
    )
