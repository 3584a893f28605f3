"""Feature hashing of words, which the encoders for tests share.

Source: Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009, section 2.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from rag.core.types import Vector
from rag.scoring.words import analyze

__all__ = ["bucket", "hashed_counts"]


def hashed_counts(texts: Sequence[str], *, dim: int, max_tokens: int) -> Vector:
    """Give (N, D) float32 of unit norm; a text without words gets the first axis."""
    vectors = np.zeros((len(texts), dim), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in analyze(text)[:max_tokens]:
            index, sign = bucket(word, dim)
            vectors[row, index] += sign
        if not vectors[row].any():
            vectors[row, 0] = 1.0
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= norms
    return vectors


@lru_cache(maxsize=100_000)
def bucket(word: str, dim: int) -> tuple[int, float]:
    """Give the axis of a word, and on which side of it."""
    digest = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
    return (digest >> 1) % dim, 1.0 if digest & 1 else -1.0
