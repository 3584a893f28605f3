"""Several rankings -> one."""

import math
from collections.abc import Mapping, Sequence

from rag.core.types import Hit

__all__ = ["reciprocal_rank_fusion", "score_fusion"]


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[Hit]], *, weights: Sequence[float], constant: float = 60.0
) -> list[Hit]:
    """Score a hit by the weighted sum of 1 / (constant + rank), ranks from 1.

    Source: Cormack, Clarke & Büttcher, Reciprocal Rank Fusion, SIGIR 2009, section 2.

    >>> a, b = Hit("a", 9.0), Hit("b", 7.0)
    >>> [hit.chunk_id for hit in reciprocal_rank_fusion([[a, b], [b]], weights=[1, 1])]
    ['b', 'a']
    """
    parts: dict[str, list[float]] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, hit in enumerate(ranking, 1):
            parts.setdefault(hit.chunk_id, []).append(weight / (constant + rank))
    return _ranked(parts)


def score_fusion(rankings: Sequence[Sequence[Hit]], *, weights: Sequence[float]) -> list[Hit]:
    """Score a hit by the weighted sum of its scores, each ranking scaled to 0..1 by its own range.

    A hit that a ranking lacks gets 0 from it. A ranking whose scores are all equal gives 1 to each.

    >>> a, b = Hit("a", 9.0), Hit("b", 7.0)
    >>> score_fusion([[a, b], [b]], weights=[0.5, 1.0])
    [Hit(chunk_id='b', score=1.0), Hit(chunk_id='a', score=0.5)]
    """
    parts: dict[str, list[float]] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        if not ranking:
            continue
        low, high = min(hit.score for hit in ranking), max(hit.score for hit in ranking)
        for hit in ranking:
            scaled = (hit.score - low) / (high - low) if high > low else 1.0
            parts.setdefault(hit.chunk_id, []).append(weight * scaled)
    return _ranked(parts)


def _ranked(parts: Mapping[str, Sequence[float]]) -> list[Hit]:
    # Summed exactly, so that the order of the rankings decides no tie.
    hits = [Hit(chunk_id, math.fsum(each)) for chunk_id, each in parts.items()]
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))
