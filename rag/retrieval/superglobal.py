"""Dense search whose best hits are judged anew by each other's vectors.

Source: Shao et al., SuperGlobal, ICCV 2023, https://arxiv.org/abs/2308.06954, section 3.3
(for images there).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rag.core.protocols import Encoder, SearchRequest, Store
from rag.core.types import Hit
from rag.retrieval._nearest import nearest, query_of
from rag.retrieval._rest import before_rest
from rag.scoring.feedback import superglobal

__all__ = ["Superglobal"]


@dataclass(frozen=True, slots=True)
class Superglobal:
    """Order the `depth` nearest passages anew; what comes after them stays as it was."""

    store: Store
    encoder: Encoder
    depth: int = 100
    neighbours: int = 9
    beta: float = 0.15  # weight of a neighbour
    expansion: Literal["max", "mean"] = "mean"

    def __post_init__(self) -> None:
        if self.expansion not in ("max", "mean"):
            raise ValueError(f"expansion is max or mean, got {self.expansion!r}")
        if self.depth < 1 or self.neighbours < 0:
            raise ValueError("depth is 1 or more, neighbours 0 or more")

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first.

        Raises:
            ConflictError: the collection was indexed by another encoder.
        """
        query = query_of(request, self.encoder)
        hits = nearest(request, self.store, query, k=max(k, self.depth))
        best, rest = hits[: self.depth], hits[self.depth :]
        if len(best) < 2:
            return hits[:k]
        with request.timings.stage("superglobal"):
            vectors = self.store.vectors([hit.chunk_id for hit in best], request.snapshot.segments)
            scores = superglobal(
                query.vector,
                vectors,
                neighbours=self.neighbours,
                beta=self.beta,
                expansion=self.expansion,
            )
            order = np.argsort(-scores, kind="stable")
        judged = [Hit(best[place].chunk_id, float(scores[place])) for place in order]
        return before_rest(judged, rest)[:k]
