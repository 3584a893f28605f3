"""Search by words: BM25 over the store's text index."""

from dataclasses import dataclass

from rag.core.protocols import SearchRequest, Store
from rag.core.queries import TextQuery
from rag.core.types import Hit

__all__ = ["Lexical"]


@dataclass(frozen=True, slots=True)
class Lexical:
    """Find the passages that have the words of the query, rare words first."""

    store: Store

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first."""
        with request.timings.stage("lexical"):
            return self.store.search(
                TextQuery(request.text), request.snapshot.segments, filter=request.filter, k=k
            )
