"""Parts of benchmarks/multihop.py: a search that is made once, its times, and the graph's choice to hop."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rag.core.protocols import Retriever, SearchRequest
from rag.core.timings import Timings
from rag.core.types import Hit
from rag.retrieval.treehop import Treehop
from rag.scoring.routing import hop_probability, hop_signals

__all__ = ["ByTheGraph", "Once", "Times"]

_NUM_PASSAGES = 6  # as the default answer reads


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
        self.needs = getattr(retriever, "needs", ())

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
    """Hops where the signals of agents/routing.py say so, which look at what a plain search found."""

    hops: Treehop

    @property
    def needs(self) -> tuple[str, ...]:
        """Name the kinds of index that the collection must have."""
        return self.hops.needs

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first."""
        first = self.hops.retriever.retrieve(request, k=max(k, self.hops.depth))
        passages = self.hops.catalog.passages(first[:_NUM_PASSAGES])
        if hop_probability(hop_signals(request.text, passages)) < 0.5:
            return first[:k]
        return self.hops.follow(request, first)[0][:k]
