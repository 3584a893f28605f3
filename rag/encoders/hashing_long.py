"""A deterministic encoder of long texts without weights, for tests: the words of a whole text, hashed."""

from collections.abc import Sequence

from rag.core.types import Vector
from rag.encoders.hashing import Hashing

__all__ = ["HashingLong"]


class HashingLong:
    """Encode a text as `Hashing` does, without a limit."""

    backbone = None
    max_tokens = 8192

    def __init__(self, dim: int = 256) -> None:
        self._hashing = Hashing(dim, max_tokens=self.max_tokens)
        self.dim = dim
        self.fingerprint = f"hashing-long-{dim}"

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm."""
        return self._hashing.encode(texts)

    def encode_parts(self, text: str, spans: Sequence[tuple[int, int]]) -> Vector:
        """Give (P, D) float32 of unit norm; the text around a span says nothing here."""
        return self._hashing.encode([text[start:end] for start, end in spans])

    def token_starts(self, text: str) -> list[int]:
        """Give the character at which each word starts."""
        return self._hashing.token_starts(text)
