"""Vectors as bytes, each of which stands for some neighbouring dimensions: product quantisation.

A byte names one of 256 small vectors, learnt by k-means. Axes come with the widest first, and a byte of
these takes fewer: the widths are those of least error, were every axis Gaussian.

Source: Jégou et al., Product Quantization for Nearest Neighbor Search, 2011,
https://doi.org/10.1109/TPAMI.2010.57; there every byte has as many dimensions. Steps of a dimension alone
err by a fifth more at equal bytes (docs/experiments/multi-vector.md).
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Vector

__all__ = ["learn_tables", "nearest_entries", "widths_for"]

_ENTRIES = 256
_ROUNDS = 12  # 8 err by 2 % more
_AT_ONCE = 512  # their similarities to 256 entries stay in the cache


def widths_for(variances: Vector, num_bytes: int) -> NDArray[np.int64]:
    """Give how many axes each byte stands for, (num_bytes,): all of them, in their order.

    A byte for w axes leaves w 4^(-8 / w) of the geometric mean of their variances, but for a constant.

    Args:
        variances: (E,) of the axes; at least as many as bytes.
        num_bytes: at least one.

    >>> widths_for(np.array([1.0, 1.0, 1.0, 1.0]), 2).tolist()
    [2, 2]
    >>> widths_for(np.array([1.0, 1.0, 0.01, 0.01, 0.01, 0.01]), 2).tolist()
    [2, 4]
    """
    ends = np.arange(len(variances) + 1)
    width = ends - ends[:, None]  # (start, end)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.maximum(variances, 1e-12)))])
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        error = width * np.exp((logs - logs[:, None]) / width) * 4.0 ** (-8 / width)
    error = np.where(width > 0, error, np.inf)
    least = np.where(ends == 0, 0.0, np.inf)  # by where the bytes so far end
    starts = []
    for _ in range(num_bytes):
        total = least[:, None] + error
        starts.append(total.argmin(axis=0))
        least = total.min(axis=0)
    bounds = [len(variances)]
    for start in reversed(starts):
        bounds.append(int(start[bounds[-1]]))
    return np.diff(bounds[::-1])


def learn_tables(rows: Vector, widths: NDArray[np.int64], rng: np.random.Generator) -> Vector:
    """Give (256, E): for each dimension what the values of its byte stand for.

    Args:
        rows: (T, E), at least one; with fewer than 256, entries repeat.
        widths: of the bytes.
        rng: chooses the first entries.
    """
    tables = rows[rng.choice(len(rows), _ENTRIES, replace=len(rows) < _ENTRIES)].copy()
    for _ in range(_ROUNDS):
        codes = nearest_entries(tables, widths, rows)
        first = 0
        for width, values in zip(widths.tolist(), codes.T, strict=True):
            counts = np.bincount(values, minlength=_ENTRIES)
            for axis in range(first, first + width):
                sums = np.bincount(values, weights=rows[:, axis], minlength=_ENTRIES)
                np.divide(sums, counts, out=tables[:, axis], where=counts > 0, casting="same_kind")
            first += width
    return tables


def nearest_entries(tables: Vector, widths: NDArray[np.int64], rows: Vector) -> NDArray[np.uint8]:
    """Give the bytes, (T, B), of rows, (T, E): of each byte the entry at the least distance."""
    bounds = [0, *np.cumsum(widths).tolist()]
    entries = [np.ascontiguousarray(tables[:, first:last].T) for first, last in pairwise(bounds)]
    half_squares = [(each**2).sum(axis=0) / 2 for each in entries]
    codes = np.empty((len(rows), len(widths)), dtype=np.uint8)
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        for byte, (first, last) in enumerate(pairwise(bounds)):
            similarity = some[:, first:last] @ entries[byte]
            similarity -= half_squares[byte]
            codes[start : start + _AT_ONCE, byte] = similarity.argmax(axis=1)
    return codes
