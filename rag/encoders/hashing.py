"""A deterministic encoder without weights, for tests: counts of hashed words."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.core.types import Vector
from rag.encoders._hashed_words import hashed_counts

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
        return hashed_counts(texts, dim=self.dim, max_tokens=self.max_tokens)

    def token_starts(self, text: str) -> list[int]:
        """Give the character at which each word or mark starts."""
        return _token_starts(text)

    @property
    def portable_token_starts(self) -> Callable[[str], list[int]]:
        """Give `token_starts`: here is nothing heavy."""
        return _token_starts


def _token_starts(text: str) -> list[int]:
    return [match.start() for match in _TOKEN.finditer(text)]
