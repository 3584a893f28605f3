"""The vector of a whole text, a byte a dimension: the one token vector that decides most of a score.

A question's vector of the whole has 73 % of the energy of all its vectors
(docs/experiments/multi-vector.md), so the error of a passage's counts most. It is one vector among many
of a passage: precision costs little there.
"""

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Vector

__all__ = ["norms", "of_bytes", "similarities", "to_bytes"]

_MOST = 127
_AT_ONCE = 1024  # widened, they stay in the cache


def to_bytes(vectors: Vector) -> NDArray[np.int8]:
    """Give int8 of unit vectors, (..., D): each by its own largest number, which the norm tells again.

    >>> to_bytes(np.array([[0.6, -0.8]], dtype=np.float32)).tolist()
    [[95, -127]]
    """
    vectors = vectors.astype(np.float32)
    largest = np.abs(vectors).max(axis=-1, keepdims=True, initial=1e-12)
    codes: NDArray[np.int8] = np.rint(vectors * (_MOST / largest)).astype(np.int8)
    return codes


def of_bytes(codes: NDArray[np.int8]) -> Vector:
    """Give (..., D) float32 of unit norm."""
    unit: Vector = codes.astype(np.float32) / norms(codes)[..., None]
    return unit


def norms(codes: NDArray[np.int8]) -> Vector:
    """Give the norms, (...), of the codes themselves, (..., D); 1 where they are all 0.

    >>> norms(np.array([[3, 4], [0, 0]], dtype=np.int8)).tolist()
    [5.0, 1.0]
    """
    squares = np.einsum("...d,...d->...", codes, codes, dtype=np.float32)
    found: Vector = np.sqrt(np.maximum(squares, 1.0))
    return found


def similarities(codes: NDArray[np.int8], norms: Vector, query: Vector) -> Vector:
    """Give the inner products, (N,), of a query, (D,), and what `of_bytes` gives of many codes, (N, D)."""
    found = np.empty(len(codes), dtype=np.float32)
    for start in range(0, len(codes), _AT_ONCE):
        found[start : start + _AT_ONCE] = codes[start : start + _AT_ONCE].astype(np.float32) @ query
    found /= norms
    return found
