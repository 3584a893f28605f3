"""What the kinds of index keep of a chunk: here its text becomes vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from indexing.sections import sections
from rag.compose import Grove
from rag.core.kinds import LATE
from rag.core.protocols import Encoder, LateEncoder, LongEncoder
from rag.core.types import Chunk, Section, Vector
from rag.scoring.pooling import pool_tokens

__all__ = ["Embedded", "Embedder"]


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of some texts, in their order."""

    vectors: Vector  # (N, D)
    tokens: list[Vector] | None  # of each text (T, E); none without the kind `late`
    has_whole: bool = False  # the first of a text's tokens is of the whole


class Embedder:
    """Encodes texts for the kinds of a collection, in one pass where the encoders share it."""

    def __init__(
        self,
        encoder: Encoder,
        late_encoder: Callable[[], LateEncoder],
        long_encoder: Callable[[], LongEncoder],
        *,
        token_pooling: int,
        long_unit: str,
    ) -> None:
        self._encoder = encoder
        self._late_encoder = late_encoder  # not loaded unless a collection has the kind
        self._long_encoder = long_encoder  # the same
        self._token_pooling = token_pooling
        self._long_unit = long_unit

    @classmethod
    def from_grove(cls, grove: Grove) -> Self:
        """Build it from the settings."""
        limits = grove.settings.ingestion
        return cls(
            grove.encoder,
            lambda: grove.late_encoder,
            lambda: grove.long_encoder,
            token_pooling=limits.token_pooling,
            long_unit=limits.long_unit,
        )

    def embed_sections(self, chunks: Sequence[Chunk]) -> list[Section]:
        """Give the section of each chunk of a document; the text of a section is that of its chunks."""
        encoder = self._long_encoder()
        found: list[Section] = []
        for places in sections(chunks, unit="section" if self._long_unit == "chunk" else self._long_unit):
            texts = [chunks[place].text for place in places]
            if self._long_unit == "chunk":
                for vector in encoder.encode_parts("\n".join(texts), _spans(texts)):
                    found.append(Section(len(found), vector))
            else:
                number = found[-1].number + 1 if found else 0
                found += [Section(number, encoder.encode(["\n".join(texts)])[0])] * len(texts)
        return found

    def embed(self, texts: Sequence[str], kinds: Sequence[str]) -> Embedded:
        """Encode the texts."""
        if LATE not in kinds:
            return Embedded(self._encoder.encode(texts), None)
        late = self._late_encoder()
        if late.backbone == self._encoder.fingerprint:
            vectors, tokens = late.encode_both(texts)
        else:
            vectors, tokens = self._encoder.encode(texts), late.encode_passages(texts)
        pooled = [pool_tokens(each, factor=self._token_pooling) for each in tokens]
        return Embedded(vectors, pooled, late.has_whole)

    def embed_all(
        self, texts: Sequence[str], kinds: Sequence[str], *, at_once: int, on_texts: Callable[[int], None]
    ) -> Embedded:
        """Encode many texts, so many of like length at once; tells how many were encoded as it goes."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors = np.zeros((len(texts), self._encoder.dim), dtype=np.float32)
        tokens: dict[int, Vector] = {}
        has_whole = False
        for start in range(0, len(order), at_once):
            some = order[start : start + at_once]
            embedded = self.embed([texts[index] for index in some], kinds)
            vectors[some] = embedded.vectors
            tokens |= dict(zip(some, embedded.tokens or (), strict=False))
            has_whole = embedded.has_whole
            on_texts(len(some))
        ordered = [tokens[index] for index in range(len(texts))] if tokens else None
        return Embedded(vectors, ordered, has_whole)


def _spans(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Give where each text stands when they are joined by line breaks."""
    spans: list[tuple[int, int]] = []
    for text in texts:
        start = spans[-1][1] + 1 if spans else 0
        spans.append((start, start + len(text)))
    return spans
