"""Late interaction: how well each token of a query is matched by some token of a passage.

Passages are ragged: their token vectors stand one after another, and offsets say where each begins.
Source: Khattab & Zaharia, ColBERT, SIGIR 2020, section 3.3, https://arxiv.org/abs/2004.12832.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Vector

__all__ = ["join", "maxima", "maxsim", "spans"]

_Number = TypeVar("_Number", np.float32, np.uint8)
_TOKENS_AT_ONCE = 16_384  # their similarities to 32 query tokens take 2 MB and stay in the cache
_HALVES_AT_ONCE = 1024
_HALF_BITS = np.int32(-0x70002000)  # 0x8fffe000: where sign, exponent and fraction of a half end up
_HALF_UNIT = np.float32(2.0**112)


def join(passages: Sequence[NDArray[_Number]]) -> tuple[NDArray[_Number], NDArray[np.int64]]:
    """Give all token vectors, (T, D), and where each passage's begin, (N + 1,), the last one the end."""
    offsets = np.zeros(len(passages) + 1, dtype=np.int64)
    np.cumsum([len(tokens) for tokens in passages], out=offsets[1:])
    return np.concatenate(passages), offsets


def maxsim(query: Vector, tokens: Vector | NDArray[np.float16], offsets: NDArray[np.int64]) -> Vector:
    """Give each passage the sum, over the query's tokens, of the best similarity to one of its own.

    Args:
        query: (Q, D) float32; no rows give zeros.
        tokens: (T, D) float32 or float16, of all passages; finite.
        offsets: (N + 1,), ascending strictly: every passage has a token.

    >>> one, other = [1.0, 0.0], [0.0, 1.0]
    >>> maxsim(np.array([one, other]), np.array([one, one, other]), np.array([0, 2, 3])).tolist()
    [1.0, 1.0]
    """
    scores = np.zeros(len(offsets) - 1, dtype=np.float32)
    for first, last in spans(offsets):
        some = tokens[offsets[first] : offsets[last]]
        similarity = _half_similarity(query, some) if some.dtype == np.float16 else some @ query.T
        scores[first:last] = maxima(similarity, offsets[first : last + 1] - offsets[first]).sum(axis=1)
    return scores


def _half_similarity(query: Vector, tokens: Vector | NDArray[np.float16]) -> Vector:
    """Give (T, Q) float32 of tokens as 16-bit floats.

    A half's bits, moved to their places in a float, are the number over 2^112, exactly: with that, a search
    takes 0.4 times as long as with numpy's conversion.
    """
    weights = np.ascontiguousarray(query.T * _HALF_UNIT, dtype=np.float32)
    similarity = np.empty((len(tokens), len(query)), dtype=np.float32)
    moved = np.empty((_HALVES_AT_ONCE, tokens.shape[1]), dtype=np.int32)
    for start in range(0, len(tokens), _HALVES_AT_ONCE):
        some = tokens[start : start + _HALVES_AT_ONCE].view(np.int16)
        bits = moved[: len(some)]
        np.left_shift(some, 13, out=bits, dtype=np.int32)
        np.bitwise_and(bits, _HALF_BITS, out=bits)
        np.matmul(bits.view(np.float32), weights, out=similarity[start : start + len(some)])
    return similarity


def maxima(similarity: Vector, offsets: NDArray[np.int64]) -> Vector:
    """Give each passage's best, (N, Q), of the similarities, (T, Q), of tokens to a query's."""
    best: Vector = np.maximum.reduceat(similarity, offsets[:-1], axis=0)
    return best


def spans(offsets: NDArray[np.int64], *, num_tokens: int = _TOKENS_AT_ONCE) -> Iterator[tuple[int, int]]:
    """Cut ragged passages into runs, [first, last), of so many tokens at most, or of one passage.

    >>> list(spans(np.array([0, 2, 4, 9, 10]), num_tokens=4))
    [(0, 2), (2, 3), (3, 4)]
    """
    first = 0
    while first < len(offsets) - 1:
        within = int(np.searchsorted(offsets, offsets[first] + num_tokens, side="right")) - 1
        last = max(within, first + 1)
        yield first, last
        first = last
