"""Several rankings -> one."""

from collections.abc import Sequence

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
    scores: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, hit in enumerate(ranking, 1):
            scores[hit.chunk_id] = scores.get(hit.chunk_id, 0.0) + weight / (constant + rank)
    return _ranked(scores)


def score_fusion(rankings: Sequence[Sequence[Hit]], *, weights: Sequence[float]) -> list[Hit]:
    """Score a hit by the weighted sum of its scores, each ranking scaled to 0..1 by its own range.

    A hit that a ranking lacks gets 0 from it. A ranking whose scores are all equal gives 1 to each.

    >>> a, b = Hit("a", 9.0), Hit("b", 7.0)
    >>> score_fusion([[a, b], [b]], weights=[0.5, 1.0])
    [Hit(chunk_id='b', score=1.0), Hit(chunk_id='a', score=0.5)]
    """
    scores: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        if not ranking:
            continue
        low, high = min(hit.score for hit in ranking), max(hit.score for hit in ranking)
        for hit in ranking:
            scaled = (hit.score - low) / (high - low) if high > low else 1.0
            scores[hit.chunk_id] = scores.get(hit.chunk_id, 0.0) + weight * scaled
    return _ranked(scores)


def _ranked(scores: dict[str, float]) -> list[Hit]:
    ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return [Hit(chunk_id, score) for chunk_id, score in ordered]
