"""The late-interaction default: MiniLM's token states through the head that the package carries."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch

from rag.core.types import Vector
from rag.encoders._minilm import FINGERPRINT, Backbone
from rag.networks._weights import sums
from rag.networks.late import LateHead


class MinilmTokens:
    """Token vectors of 128 dimensions; the dense encoder's vectors come from the same pass."""

    backbone = FINGERPRINT

    def __init__(self, device: str, batch_size: int) -> None:
        self._backbone = Backbone(device)
        self._device = device
        self._batch_size = batch_size

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind: the backbone and the head's digest."""
        return f"late:{FINGERPRINT}:{sums()['late.safetensors'][:12]}"

    @property
    def dim(self) -> int:
        """Give the length of a token's vector."""
        return self._head.dim

    def encode_queries(self, texts: Sequence[str]) -> list[Vector]:
        """Give (T, D) float32 a text: queries and passages are encoded alike."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> list[Vector]:
        """Give (T, D) float32 a text, [CLS] and [SEP] among the tokens."""
        return self.encode_both(texts)[1]

    def encode_both(self, texts: Sequence[str]) -> tuple[Vector, list[Vector]]:
        """Give MiniLM's vectors (N, 384) and the token vectors, from one pass."""
        token_ids = self._backbone.tokenize(texts)
        dense = np.zeros((len(texts), self._backbone.size), dtype=np.float32)
        tokens: dict[int, Vector] = {}
        for batch, states, mask in self._backbone.batches(token_ids, self._batch_size):
            dense[batch] = self._backbone.pool(states[-1], mask).cpu().numpy()
            with torch.inference_mode():
                kept = torch.stack(
                    [states[depth][mask] for depth in self._head.depths], dim=1
                )  # no padding
                rows = self._head(kept).cpu().numpy()
            cuts = np.cumsum([len(token_ids[text]) for text in batch])[:-1]
            tokens |= dict(zip(batch, np.split(rows, cuts), strict=True))
        return dense, [tokens[text] for text in range(len(texts))]

    @cached_property
    def _head(self) -> LateHead:
        return LateHead.shipped().to(self._device)
