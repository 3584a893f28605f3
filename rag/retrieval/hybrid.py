"""Several retrievers as one: their rankings fused, by rank or by score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.core.protocols import Retriever, SearchRequest, needs_of
from rag.core.types import Hit
from rag.scoring.fusion import reciprocal_rank_fusion, score_fusion

__all__ = ["Hybrid"]


@dataclass(frozen=True, slots=True)
class Hybrid:
    """Ask every retriever for `depth` hits and fuse them.

    `fusion` is `rrf` (reciprocal ranks) or `score` (scores scaled to 0..1 within each ranking).
    """

    retrievers: Sequence[Retriever]
    fusion: Literal["rrf", "score"] = "rrf"
    weights: Sequence[float] | None = None  # one a retriever; all equal by default
    depth: int = 100

    def __post_init__(self) -> None:
        if self.fusion not in ("rrf", "score"):
            raise ValueError(f"fusion is rrf or score, got {self.fusion!r}")
        if self.weights is not None and len(self.weights) != len(self.retrievers):
            raise ValueError(f"{len(self.weights)} weights for {len(self.retrievers)} retrievers")

    @property
    def needs(self) -> tuple[str, ...]:
        """Name the kinds of index that the collection must have."""
        return tuple(dict.fromkeys(kind for each in self.retrievers for kind in needs_of(each)))

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first."""
        rankings = [retriever.retrieve(request, k=max(k, self.depth)) for retriever in self.retrievers]
        with request.timings.stage("fusion"):
            weights = self.weights or [1.0] * len(rankings)
            fuse = reciprocal_rank_fusion if self.fusion == "rrf" else score_fusion
            return fuse(rankings, weights=weights)[:k]
