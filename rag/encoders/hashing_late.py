"""A deterministic late-interaction encoder without weights, for tests: one hashed vector a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rag.core.types import Vector
from rag.encoders._hashed_words import bucket, hashed_counts
from rag.scoring.words import analyze

__all__ = ["HashingLate"]

_CONTEXT = 0.5


@dataclass(frozen=True, slots=True)
class HashingLate:
    """Encode each word as a direction of its own, drawn to those of the text around it.

    The vectors of `hashing` come with the same pass.
    """

    dim: int = 64
    max_tokens: int = 512
    backbone_dim: int = 256
    has_whole: ClassVar[bool] = False

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind."""
        return f"hashing-late-{self.dim}"

    @property
    def backbone(self) -> str:
        """Name the encoder whose vectors `encode_both` gives."""
        return f"hashing-{self.backbone_dim}"

    def encode_queries(self, texts: Sequence[str]) -> list[Vector]:
        """Give for each text (T, D) float32 of unit rows."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> list[Vector]:
        """Give for each text (T, D) float32 of unit rows; a text without words has one row."""
        return [self._rows(analyze(text)[: self.max_tokens]) for text in texts]

    def encode_both(self, texts: Sequence[str]) -> tuple[Vector, list[Vector]]:
        """Give the backbone's vectors (N, D) and the passages' token vectors."""
        vectors = hashed_counts(texts, dim=self.backbone_dim, max_tokens=self.max_tokens)
        return vectors, self.encode_passages(texts)

    def _rows(self, words: Sequence[str]) -> Vector:
        rows = np.stack([_direction(word, self.dim) for word in words] or [_direction("", self.dim)])
        rows += _CONTEXT * rows.mean(axis=0)
        unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def _direction(word: str, dim: int) -> Vector:
    seed, _ = bucket(word, 2**32)
    vector = np.random.default_rng(seed).normal(size=dim).astype(np.float32)
    unit: Vector = vector / np.linalg.norm(vector)
    return unit
