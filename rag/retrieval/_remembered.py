"""Vectors of texts that come again and again, kept in memory: the latest ones, by their text."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from rag.core.protocols import Encoder
from rag.core.types import Vector


class RememberedVectors:
    """What an encoder gave for the last `size` texts."""

    def __init__(self, encoder: Encoder, *, size: int) -> None:
        if size < 1:
            raise ValueError(f"size is 1 or more, got {size}")
        self._encoder, self._size = encoder, size
        self._vectors: OrderedDict[str, Vector] = OrderedDict()
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give what the encoder gives, from memory as far as it goes."""
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        new = list(dict.fromkeys(text for text in texts if text not in known))
        if new:
            known.update(zip(new, self._encoder.encode(new), strict=True))
        with self._lock:
            for text, vector in known.items():
                self._vectors[text] = vector
                self._vectors.move_to_end(text)
            while len(self._vectors) > self._size:
                self._vectors.popitem(last=False)
        if not texts:
            return np.zeros((0, self._encoder.dim), dtype=np.float32)
        return np.stack([known[text] for text in texts])
