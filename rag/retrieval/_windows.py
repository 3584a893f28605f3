"""What a text says, piece by piece, as vectors: where vectors are alone, they stand in for its names.

The vector of a whole passage says what it is about; which passage comes next is said by a few words of it.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from rag.core.types import Vector

__all__ = ["PASSAGE_WORDS", "QUESTION_WORDS", "left_over", "nearest_of", "window_vectors", "windows"]

PASSAGE_WORDS, QUESTION_WORDS = 8, 4  # of a window
_MAX_WINDOWS = 40  # of a text; at 8 words that is the first 164


def windows(text: str, size: int) -> list[str]:
    """Give runs of `size` words, each begun half a run after the one before.

    >>> windows("directed by Jane Okoro in 1961", 4)
    ['directed by Jane Okoro', 'Jane Okoro in 1961']
    """
    words = text.split()
    starts = range(0, max(1, len(words) - size // 2), size // 2) if words else ()
    return [" ".join(words[start : start + size]) for start in starts][:_MAX_WINDOWS]


@lru_cache(maxsize=1000)
def window_vectors(encode: Callable[[Sequence[str]], Vector], text: str, size: int) -> Vector:
    """Give (W, D) float32, the vectors of a text's windows; (0, D) for a text without words."""
    return encode(windows(text, size))


def left_over(question: Vector, passage: Vector) -> Vector:
    """Give (D,) of unit norm, what of the question (D,) is not in the direction of the passage (D,).

    >>> left_over(np.array([0.6, 0.8]), np.array([1.0, 0.0])).tolist()
    [0.0, 1.0]
    """
    rest = question - (question @ passage) * passage
    unit: Vector = (rest / max(float(np.linalg.norm(rest)), 1e-6)).astype(np.float32)
    return unit


def nearest_of(rows: Vector, vector: Vector) -> tuple[int, float]:
    """Give which of the rows (W, D) is nearest to the vector (D,), and how near; -1 and 0 of none."""
    near = rows @ vector
    if not len(near):
        return -1, 0.0
    best = int(near.argmax())
    return best, float(near[best])
