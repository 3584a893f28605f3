"""A deterministic encoder without weights: feature hashing of words, for tests.

Source: Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009, section 2.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rag.core.types import Vector
from rag.scoring.words import analyze

__all__ = ["Hashing"]

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Hashing:
    """Encode a text as the signed, hashed counts of its words."""

    dim: int = 256
    max_tokens: int = 512

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind."""
        return f"hashing-{self.dim}"

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm; a text without words gets the first axis."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in analyze(text)[: self.max_tokens]:
                index, sign = _bucket(word, self.dim)
                vectors[row, index] += sign
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= norms
        return vectors

    def token_starts(self, text: str) -> list[int]:
        """Give the character at which each word or mark starts."""
        return [match.start() for match in _TOKEN.finditer(text)]


@lru_cache(maxsize=100_000)
def _bucket(word: str, dim: int) -> tuple[int, float]:
    digest = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
    return (digest >> 1) % dim, 1.0 if digest & 1 else -1.0
