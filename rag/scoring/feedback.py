"""What the first answers say about the question: vectors moved towards them, and candidates judged anew.

Sources: Rocchio, 1971, and its average form for dense vectors, Li et al., 2021,
https://arxiv.org/abs/2108.11044; Shao et al., SuperGlobal, ICCV 2023, https://arxiv.org/abs/2308.06954,
section 3.3 (for images there).
"""

from typing import Literal

import numpy as np

from rag.core.types import Vector

__all__ = ["average", "rocchio", "superglobal"]


def average(query: Vector, feedback: Vector) -> Vector:
    """Give the mean of the query (D,) and the feedback (N, D), (D,)."""
    mean: Vector = np.concatenate((query[None], feedback)).mean(axis=0)
    return mean


def rocchio(query: Vector, feedback: Vector, *, alpha: float = 0.4, beta: float = 0.6) -> Vector:
    """Give alpha times the query (D,) and beta times the mean of the feedback (N, D), (D,)."""
    if not len(feedback):
        return query
    moved: Vector = np.float32(alpha) * query + np.float32(beta) * feedback.mean(axis=0)
    return moved


def superglobal(
    query: Vector,
    candidates: Vector,
    *,
    neighbours: int = 9,
    beta: float = 0.15,
    expansion: Literal["max", "mean"] = "mean",
) -> Vector:
    """Judge candidates by what they and their neighbours among them say.

    Each becomes a mean of itself and its nearest neighbours; the best of these then widen the query.

    Args:
        query: (D,) of unit norm.
        candidates: (N, D) of unit norm, those that a search found.
        neighbours: nearest candidates that take part beside each one, and best ones that widen the query
            beside the first.
        beta: weight of a neighbour, times its similarity; 0 leaves the candidates as they are.
        expansion: how the best are joined, feature by feature. `max` is published, for features that are
            never negative; on signed ones it depends on the axes.

    Returns:
        (N,) scores, higher is better.
    """
    similarities = candidates @ candidates.T
    np.fill_diagonal(similarities, -np.inf)
    num_near = min(neighbours, len(candidates) - 1)
    near = np.argsort(-similarities, axis=1, kind="stable")[:, :num_near]  # (N, K)
    weights = beta * np.take_along_axis(similarities, near, axis=1)
    refined = (candidates + np.einsum("nk,nkd->nd", weights, candidates[near])) / (
        1 + weights.sum(axis=1, keepdims=True)
    )
    first = refined @ query
    best = refined[np.argsort(-first, kind="stable")[: neighbours + 1]]
    widened = best.max(axis=0) if expansion == "max" else best.mean(axis=0)
    scores: Vector = ((first + refined @ widened) / 2).astype(np.float32)
    return scores
