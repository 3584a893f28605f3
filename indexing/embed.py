"""What the kinds of index keep of a chunk: here its text becomes vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rag.core.kinds import LATE
from rag.core.protocols import Encoder, LateEncoder
from rag.core.types import Vector
from rag.scoring.pooling import pool_tokens

__all__ = ["Embedded", "Embedder"]


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of some texts, in their order."""

    vectors: Vector  # (N, D)
    tokens: list[Vector] | None  # of each text (T, E); none without the kind `late`


class Embedder:
    """Encodes texts for the kinds of a collection, in one pass where the encoders share it."""

    def __init__(
        self, encoder: Encoder, late_encoder: Callable[[], LateEncoder], *, token_pooling: int
    ) -> None:
        self._encoder = encoder
        self._late_encoder = late_encoder  # not loaded unless a collection has the kind
        self._token_pooling = token_pooling

    def embed(self, texts: Sequence[str], kinds: Sequence[str]) -> Embedded:
        """Encode the texts."""
        if LATE not in kinds:
            return Embedded(self._encoder.encode(texts), None)
        late = self._late_encoder()
        if late.backbone == self._encoder.fingerprint:
            vectors, tokens = late.encode_both(texts)
        else:
            vectors, tokens = self._encoder.encode(texts), late.encode_passages(texts)
        return Embedded(vectors, [pool_tokens(each, factor=self._token_pooling) for each in tokens])

    def embed_all(
        self, texts: Sequence[str], kinds: Sequence[str], *, at_once: int, on_texts: Callable[[int], None]
    ) -> Embedded:
        """Encode many texts, so many of like length at once; tells how many were encoded as it goes."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors = np.zeros((len(texts), self._encoder.dim), dtype=np.float32)
        tokens: dict[int, Vector] = {}
        for start in range(0, len(order), at_once):
            some = order[start : start + at_once]
            embedded = self.embed([texts[index] for index in some], kinds)
            vectors[some] = embedded.vectors
            tokens |= dict(zip(some, embedded.tokens or (), strict=False))
            on_texts(len(some))
        return Embedded(vectors, [tokens[index] for index in range(len(texts))] if tokens else None)
