"""Parts of benchmarks of hops: a search that is made once, its times, and the choice of the graph."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from agents.parts import context_of
from agents.routing import Choice, choose
from agents.state import State
from rag.compose import DEFAULT, Grove
from rag.core.protocols import Retriever, SearchRequest, needs_of
from rag.core.timings import Timings
from rag.core.types import Hit, Usage

__all__ = ["ByTheGraph", "Once", "Times"]


class Times(Timings):
    """Each stage's time, and the time of the thread's processor as a stage of its own."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.thread_time()
        with super().stage(name):
            yield
        self.add(f"{name} cpu", (time.thread_time() - started) * 1000)


class Once:
    """A retriever that is asked each question once; what it took is told each time."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self._found: dict[tuple[str, int], tuple[list[Hit], float]] = {}
        self.needs = needs_of(retriever)

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        key = request.text, k
        if key not in self._found:
            started = time.perf_counter()
            hits = self._retriever.retrieve(request, k=k)
            self._found[key] = hits, (time.perf_counter() - started) * 1000
        else:
            request.timings.add("before", self._found[key][1])
        return self._found[key][0]


@dataclass(frozen=True, slots=True)
class ByTheGraph:
    """What the graph has found when it comes to read: hops where agents/routing.py chooses that way."""

    grove: Grove
    needs: tuple[str, ...] = ()

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first: where a tool is chosen, what is read if it gives nothing."""
        state, choice = asyncio.run(self.chosen(request.text, k=k))
        passages = choice.hopped.passages if choice.hopped else state["passages"]
        return [Hit(passage.chunk_id, passage.score) for passage in passages]

    async def chosen(self, question: str, *, k: int) -> tuple[State, Choice]:
        """Search for k passages and choose a way, as the graph does, with every way open that there is."""
        context = await context_of(
            self.grove, collection=DEFAULT, retriever=DEFAULT, generator="extractive", filter=None
        )
        assert context.hop is not None, "the collection has what hops need"
        search = partial(self.grove.search, k=k)
        context = replace(context, search=search, hop=partial(search, retriever="treehop"))
        found = await asyncio.to_thread(context.search, question)
        passages = found.passages
        state = State(query=question, searched=question, passages=passages, usage=Usage())
        return state, await choose(state, context)
