"""Which positions a model of absolute positions gives to tokens beyond the length it was trained for.

Nothing is trained. Each map is the identity up to the original length, but for `parallel_windows`, which
cuts the text instead.

Source: Zhu et al., LongEmbed, 2024, https://arxiv.org/abs/2404.12096, section 4.1.
"""

import numpy as np

from rag.core.types import Vector

__all__ = ["grouped", "interpolated", "parallel_windows", "recurrent"]


def parallel_windows(length: int, original: int) -> list[tuple[int, int]]:
    """Give [start, end) of windows of the original length; the last is moved back so that it is full.

    >>> parallel_windows(3, 4), parallel_windows(10, 4)
    ([(0, 3)], [(0, 4), (4, 8), (6, 10)])
    """
    if length <= original:
        return [(0, length)]
    starts = [*range(0, length - original, original), length - original]
    return [(start, start + original) for start in starts]


def grouped(length: int, original: int) -> Vector:
    """Give neighbours one position: token i stands at i // s, s the times that the text is too long, (T,).

    >>> grouped(6, 3).tolist()
    [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]
    """
    return np.floor(np.arange(length, dtype=np.float32) / _times(length, original)).astype(np.float32)


def recurrent(length: int, original: int) -> Vector:
    """Count from zero again after each original length, (T,).

    >>> recurrent(5, 3).tolist()
    [0.0, 1.0, 2.0, 0.0, 1.0]
    """
    return (np.arange(length) % original).astype(np.float32)


def interpolated(length: int, original: int) -> Vector:
    """Give token i the position i / s, between the embeddings of two positions, (T,).

    >>> interpolated(4, 2).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    places = np.arange(length, dtype=np.float32) / _times(length, original)
    return np.minimum(places, np.float32(original - 1))


def _times(length: int, original: int) -> int:
    return max(1, -(-length // original))
