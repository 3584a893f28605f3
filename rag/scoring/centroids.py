"""Which passages are worth an exact look: scored by the centroids of their tokens alone.

For each query token the nearest centroids are probed; passages with a token in a probed one get its
similarity, all others that of the best centroid that was not probed. The sum over the query's tokens
orders the candidates.

Source: Scheerer et al., WARP, SIGIR 2025, section 4 (probing, estimates for what is missing),
https://arxiv.org/abs/2501.17788. Deviation: residuals do not take part here but in a step after it, and the
estimate is the similarity of the first centroid left out, so that nothing is tuned to the size.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Vector

__all__ = ["CentroidLists", "near_centroids"]


@dataclass(frozen=True, slots=True, eq=False)
class CentroidLists:
    """For every centroid the passages that have a token there."""

    passages: NDArray[np.int32]  # (M,) of all centroids, one after another, ascending within each
    offsets: NDArray[np.int64]  # (K + 1,)
    num_passages: int

    @classmethod
    def of(cls, nearest: NDArray[np.uint16], offsets: NDArray[np.int64], *, num_centroids: int) -> Self:
        """Invert the centroids, (T,), of ragged passages.

        >>> nearest = np.array([1, 0, 1], dtype=np.uint16)
        >>> lists = CentroidLists.of(nearest, np.array([0, 2, 3]), num_centroids=2)
        >>> lists.passages.tolist(), lists.offsets.tolist()
        ([0, 0, 1], [0, 1, 3])
        """
        num_passages = len(offsets) - 1
        passage_of = np.repeat(np.arange(num_passages), np.diff(offsets))
        pairs = np.unique(nearest.astype(np.int64) * num_passages + passage_of)
        starts = np.searchsorted(pairs, np.arange(num_centroids + 1) * num_passages)
        return cls((pairs % num_passages).astype(np.int32), starts, num_passages)

    def scores(self, similarity: Vector, *, num_probes: int) -> Vector:
        """Give every passage an estimate of its MaxSim, (N,), from (Q, K) similarities to centroids."""
        totals = np.zeros(self.num_passages, dtype=np.float32)
        num_probes = min(num_probes, similarity.shape[1] - 1)
        for row in similarity:
            near = np.argpartition(-row, num_probes)[: num_probes + 1]
            near = near[np.argsort(row[near])]  # ascending: a better centroid overwrites a worse one
            best = np.full(self.num_passages, row[near[0]], dtype=np.float32)
            for centroid in near if num_probes + 1 == len(row) else near[1:]:
                best[self.passages[self.offsets[centroid] : self.offsets[centroid + 1]]] = row[centroid]
            totals += best
        return totals


def near_centroids(similarity: Vector, *, count: int) -> NDArray[np.bool_]:
    """Say of each centroid, (K,), whether it is among the first `count` of some row of (Q, K) similarities.

    >>> near_centroids(np.array([[0.9, 0.5, 0.1], [0.8, 0.3, 0.2]]), count=1).tolist()
    [True, False, False]
    """
    num_centroids = similarity.shape[1]
    near = np.zeros(num_centroids, dtype=np.bool_)
    first = max(0, num_centroids - count)
    near[np.argpartition(similarity, first, axis=1)[:, first:]] = True
    return near
