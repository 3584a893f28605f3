"""Search again with the question moved towards its first answers (pseudo-relevance feedback).

Source: Rocchio, 1971; for dense vectors Li et al., 2021, https://arxiv.org/abs/2108.11044.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rag.core.protocols import Encoder, SearchRequest, Store
from rag.core.queries import VectorQuery
from rag.core.types import Hit
from rag.retrieval._nearest import nearest, query_of
from rag.scoring.feedback import average, rocchio

__all__ = ["Feedback"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """Dense search, twice: the `feedback` best passages of the first one widen the question.

    `method` is `average` (question and passages weigh alike) or `rocchio` (0.4 and 0.6 for all together).
    """

    store: Store
    encoder: Encoder
    method: Literal["average", "rocchio"] = "rocchio"
    feedback: int = 3  # passages; 0 is dense search

    def __post_init__(self) -> None:
        if self.method not in ("average", "rocchio"):
            raise ValueError(f"method is average or rocchio, got {self.method!r}")
        if self.feedback < 0:
            raise ValueError(f"feedback is a number of passages, 0 or more, got {self.feedback}")

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first.

        Raises:
            ConflictError: the collection was indexed by another encoder.
        """
        query = query_of(request, self.encoder)
        first = nearest(request, self.store, query, k=max(self.feedback, 1))[: self.feedback]
        if not first:
            return nearest(request, self.store, query, k=k)
        with request.timings.stage("feedback"):
            passages = self.store.vectors([hit.chunk_id for hit in first], request.snapshot.segments)
            moved = (average if self.method == "average" else rocchio)(query.vector, passages)
        return nearest(request, self.store, VectorQuery(moved / np.linalg.norm(moved)), k=k)
