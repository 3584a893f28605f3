"""A deterministic encoder of long texts without weights, for tests: the words of a whole text, hashed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.core.types import Vector
from rag.encoders._hashed_words import hashed_counts

__all__ = ["HashingLong"]

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class HashingLong:
    """Encode a text as the signed, hashed counts of its words."""

    dim: int = 256
    max_tokens: int = 8192
    backbone: None = None

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind."""
        return f"hashing-long-{self.dim}"

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm."""
        return hashed_counts(texts, dim=self.dim, max_tokens=self.max_tokens)

    def encode_parts(self, text: str, spans: Sequence[tuple[int, int]]) -> Vector:
        """Give (P, D) float32 of unit norm; the text around a span says nothing here."""
        return self.encode([text[start:end] for start, end in spans])

    def token_starts(self, text: str) -> list[int]:
        """Give the character at which each word starts."""
        return [match.start() for match in _WORD.finditer(text)]
