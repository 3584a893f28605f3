"""The best hits of another retriever, ordered anew by a scorer that reads question and passage together."""

from dataclasses import dataclass

import numpy as np

from rag.core.protocols import Retriever, Scorer, SearchRequest, needs_of
from rag.core.types import Hit
from rag.db.catalog import Catalog
from rag.retrieval._rest import before_rest

__all__ = ["Rerank"]


@dataclass(frozen=True, slots=True)
class Rerank:
    """Order the `depth` best hits of a retriever anew; what comes after them stays as it was."""

    retriever: Retriever
    scorer: Scorer
    catalog: Catalog
    depth: int = 10

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise ValueError(f"depth is 1 or more, got {self.depth}")

    @property
    def needs(self) -> tuple[str, ...]:
        """Name the kinds of index that the collection must have."""
        return needs_of(self.retriever)

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first; the scores of those ordered anew are the scorer's."""
        hits = self.retriever.retrieve(request, k=max(k, self.depth))
        best, rest = hits[: self.depth], hits[self.depth :]
        if len(best) < 2:
            return hits[:k]
        with request.timings.stage("rerank"):
            passages = self.catalog.passages(best)  # without those deleted in between
            scores = self.scorer.scores(request.text, [passage.text for passage in passages])
            order = np.argsort(-scores, kind="stable")
        judged = [Hit(passages[place].chunk_id, float(scores[place])) for place in order]
        return before_rest(judged, rest)[:k]
