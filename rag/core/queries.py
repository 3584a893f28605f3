"""What a store is asked, one kind of query for each kind of index."""

from dataclasses import dataclass

from rag.core.types import Vector

__all__ = ["Query", "SectionQuery", "TextQuery", "TokenQuery", "VectorQuery"]


@dataclass(frozen=True, slots=True)
class VectorQuery:
    """Nearest by inner product; all vectors have unit norm, so the score is the cosine."""

    vector: Vector  # (D,) float32


@dataclass(frozen=True, slots=True)
class TextQuery:
    """Best match of words; user text, never a query language."""

    text: str


@dataclass(frozen=True, slots=True)
class TokenQuery:
    """Best sum of maximal similarities (MaxSim): rows without token vectors are not found."""

    vectors: Vector  # (Q, D) float32, of any norm: a longer row weighs more


@dataclass(frozen=True, slots=True)
class SectionQuery:
    """First the nearest sections, then the rows inside these.

    A row scores its cosine, and `weight` times that of its section. Rows without a section are not found.
    """

    vector: Vector  # (D,) float32, unit norm; for rows
    section_vector: Vector  # (E,) float32, unit norm; for sections
    num_sections: int = 10
    weight: float = 0.0


Query = VectorQuery | TextQuery | TokenQuery | SectionQuery
