"""An encoder that reads questions otherwise than passages."""

from collections.abc import Sequence

from rag.core.types import Vector
from rag.encoders.hashing import Hashing

__all__ = ["OtherQuestions"]


class OtherQuestions(Hashing):
    """Of a question only what stands behind `wanted:` counts."""

    def encode_queries(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm."""
        return self.encode([text.rpartition("wanted:")[2] for text in texts])
