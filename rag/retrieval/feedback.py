"""Search again with the question moved towards its first answers (pseudo-relevance feedback).

Source: Rocchio, 1971; for dense vectors Li et al., 2021, https://arxiv.org/abs/2108.11044; learned so that
more feedback does not hurt: Zhu et al., LoL, SIGIR 2022, https://arxiv.org/abs/2204.11545.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import numpy as np

from rag.core.minilm import MINILM, is_minilm
from rag.core.protocols import Encoder, SearchRequest, Store
from rag.core.queries import VectorQuery
from rag.core.types import Hit, Vector
from rag.retrieval._nearest import nearest, query_of
from rag.scoring.feedback import average, rocchio

__all__ = ["Feedback"]

Method = Literal["average", "rocchio", "lol"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """Dense search, twice: the `feedback` best passages of the first one move the question.

    `method` is `average` (question and passages weigh alike), `rocchio` (0.4 and 0.6 for all together) or
    `lol` (a network trained so that more feedback does not hurt; for MiniLM's vectors alone).
    """

    store: Store
    encoder: Encoder
    method: Method = "rocchio"
    feedback: int = 3  # passages; 0 is dense search

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"method is average, rocchio or lol, got {self.method!r}")
        if self.feedback < 0:
            raise ValueError(f"feedback is a number of passages, 0 or more, got {self.feedback}")
        if self.method == "lol" and not is_minilm(self.encoder.fingerprint):
            raise ValueError(
                f"method lol was trained on the vectors of {MINILM}, the encoder is"
                f" {self.encoder.fingerprint}; take rocchio or average"
            )

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
            moved = _METHODS[self.method](query.vector, passages)
        return nearest(request, self.store, VectorQuery(moved / np.linalg.norm(moved)), k=k)


def _lol(query: Vector, feedback: Vector) -> Vector:
    return _network()(query, feedback)


@cache
def _network() -> Callable[[Vector, Vector], Vector]:
    from rag.networks.feedback import Reformulator  # noqa: PLC0415 -- loads torch

    return Reformulator.shipped().moved


_METHODS: Mapping[Method, Callable[[Vector, Vector], Vector]] = {
    "average": average,
    "rocchio": rocchio,
    "lol": _lol,
}
