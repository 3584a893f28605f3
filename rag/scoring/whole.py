"""The vector of a whole text, a byte a dimension: the one token vector that decides most of a score.

A question's vector of the whole has 73 % of the energy of all its vectors (docs/experiments.md), so the
error of a passage's counts most. It is one vector among many of a passage: precision costs little there.
"""

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Vector

__all__ = ["of_bytes", "similarities", "to_bytes"]

_ONE = 127  # stands for 1.0, which no number of a unit vector exceeds
_AT_ONCE = 1024  # widened, they stay in the cache


def to_bytes(vectors: Vector) -> NDArray[np.int8]:
    """Give int8 of unit vectors, (..., D).

    >>> to_bytes(np.array([[0.6, -0.8]], dtype=np.float32)).tolist()
    [[76, -102]]
    """
    return np.rint(vectors.astype(np.float32) * _ONE).astype(np.int8)


def of_bytes(codes: NDArray[np.int8]) -> Vector:
    """Give (..., D) float32, of unit norm but for the rounding."""
    return codes.astype(np.float32) / np.float32(_ONE)


def similarities(codes: NDArray[np.int8], query: Vector) -> Vector:
    """Give the inner products, (N,), of a query, (D,), and what `of_bytes` gives of many codes, (N, D)."""
    scaled = query / np.float32(_ONE)
    found = np.empty(len(codes), dtype=np.float32)
    for start in range(0, len(codes), _AT_ONCE):
        found[start : start + _AT_ONCE] = codes[start : start + _AT_ONCE].astype(np.float32) @ scaled
    return found
