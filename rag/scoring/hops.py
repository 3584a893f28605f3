"""Hops from passage to passage, as arithmetic: how likely a passage is needed, and which ones to follow.

Two logistic models, fitted by `python -m rag.training treehop --calibrate`: of a passage by what the first
search says (`NODE_FEATURES`), of a step from a passage that is needed (`EDGE_FEATURES`). A passage is
needed for its own sake or because a needed one leads to it. Knows no text and no search.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.core.types import Vector
from rag.scoring import hop_weights

__all__ = [
    "EDGE_FEATURES",
    "MODELS",
    "NODE_FEATURES",
    "HopModel",
    "joined",
    "prune",
]

# Where vectors are alone, windows stand for names: the vectors of a few words of a text at a time.
NODE_FEATURES = (
    "score",  # of the first search, scaled to 0..1 within it; 0 if not found by it
    "reciprocal rank",  # in the first search
    "cosine",  # with the question
    "named",  # likeness of its subject and a name in the question; cosine with its nearest window
    "cover",  # share of the question's words in it; reciprocal rank for a window of the question
)
EDGE_FEATURES = (
    "bridge",  # likeness of the child's subject and a name in the parent that the question lacks; cosine
    # with the parent's nearest window
    "mention",  # reciprocal rank for such a name and the question's words that the parent lacks; for a
    # window of the parent
    "cover",  # share of these words in the child; its cosine with the question less the parent's direction
    "back",  # 1 if the child mentions the parent's subject; cosine of the question and that window
    "hop",  # cosine of the child and TreeHop's state after the parent
    "cosine",  # of the child and the question
    "score",  # as of a node
)


@dataclass(frozen=True, slots=True)
class HopModel:
    """Coefficients: bias, then a weight a feature."""

    node: tuple[float, ...]
    edge: tuple[float, ...]

    def nodes(self, features: Vector) -> Vector:
        """Give (N,), the probability that a passage is needed, from (N, 5)."""
        return _probabilities(self.node, features)

    def edges(self, features: Vector) -> Vector:
        """Give (N,), the probability that a needed parent's child is needed, from (N, 7)."""
        return _probabilities(self.edge, features)


MODELS = {
    (True, True): HopModel(*hop_weights.NAMES_AND_VECTORS),
    (True, False): HopModel(*hop_weights.NAMES),
    (False, True): HopModel(*hop_weights.VECTORS),
}
"""(names take part, vectors take part) -> their model."""


def joined(own: float, led: float) -> float:
    """Give the probability that a passage is needed for one of two independent reasons.

    >>> joined(0.5, 0.5)
    0.75
    """
    return 1 - (1 - own) * (1 - led)


def prune(
    layer: Iterable[tuple[str, float]], *, seen: Mapping[str, object] | set[str], branches: int
) -> list[str]:
    """Give the at most `branches` best of a layer that were not seen before, each once, best first.

    Source: TreeHop, section 3.3: redundancy pruning, then layer-wise pruning. Their code takes the places
    of a sorting for ranks, which they are not after the first layer; these are true ranks.

    >>> prune([("a", 0.3), ("b", 0.9), ("a", 0.8), ("c", 0.5)], seen={"b"}, branches=1)
    ['a']
    """
    best: dict[str, float] = {}
    for chunk_id, score in layer:
        if chunk_id not in seen:
            best[chunk_id] = max(score, best.get(chunk_id, score))
    return sorted(best, key=lambda chunk_id: (-best[chunk_id], chunk_id))[:branches]


def _probabilities(coefficients: Sequence[float], features: Vector) -> Vector:
    # Not by matmul, which warns of invalid values that are none.
    logits = coefficients[0] + (features * np.array(coefficients[1:], dtype=np.float32)).sum(axis=-1)
    chances: Vector = (1 / (1 + np.exp(-logits))).astype(np.float32)
    return chances
