"""Vectors of texts that come again and again, kept in memory: the latest ones, by their text."""

from collections.abc import Sequence

import numpy as np

from rag.core.latest import Latest
from rag.core.protocols import Encoder
from rag.core.types import Vector


class RememberedVectors:
    """What an encoder gave for the last `size` texts."""

    def __init__(self, encoder: Encoder, *, size: int) -> None:
        self._encoder = encoder
        self._vectors = Latest[str, Vector](size)

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give what the encoder gives, from memory as far as it goes."""
        known = self._vectors.known(texts)
        new = list(dict.fromkeys(text for text in texts if text not in known))
        if new:
            known.update(zip(new, self._encoder.encode(new), strict=True))
        self._vectors.remember(known)
        if not texts:
            return np.zeros((0, self._encoder.dim), dtype=np.float32)
        return np.stack([known[text] for text in texts])
