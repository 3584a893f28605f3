"""The late-interaction default: MiniLM's token states through the head that the package carries."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch

from rag.core.types import Vector
from rag.encoders._minilm import FINGERPRINT, shared_backbone
from rag.encoders._precision import Precision
from rag.networks._weights import sums
from rag.networks.late import ENDS, LateHead


class MinilmTokens:
    """Token vectors of 128 dimensions; the dense encoder's vectors come from the same pass."""

    backbone = FINGERPRINT
    has_whole = True

    def __init__(self, device: str, batch_size: int, precision: Precision) -> None:
        self._backbone = shared_backbone(device, precision)
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
        """Give (T, D) float32 a text, each row as long as its token weighs."""
        return self._encode(texts, weighted=True)[1]

    def encode_passages(self, texts: Sequence[str]) -> list[Vector]:
        """Give (T, D) float32 of unit rows a text: the whole text's in the place of [CLS], [SEP]'s last."""
        return self._encode(texts, weighted=False)[1]

    def encode_both(self, texts: Sequence[str]) -> tuple[Vector, list[Vector]]:
        """Give MiniLM's vectors (N, 384) and the passages' token vectors, from one pass."""
        return self._encode(texts, weighted=False)

    def _encode(self, texts: Sequence[str], *, weighted: bool) -> tuple[Vector, list[Vector]]:
        token_ids = self._backbone.tokenize(texts)
        dense = np.zeros((len(texts), self._backbone.size), dtype=np.float32)
        tokens: dict[int, Vector] = {}
        for batch, states, mask in self._backbone.batches(token_ids, self._batch_size):
            vectors = self._backbone.pool(states[-1], mask)
            dense[batch] = vectors.cpu().numpy()
            lengths = [len(token_ids[text]) for text in batch]
            with torch.inference_mode():  # without the padding
                rows = self._head.passages(
                    torch.stack([states[depth][mask] for depth in self._head.depths], dim=1),
                    lengths,
                    vectors,
                )
                if weighted:
                    ends = torch.stack([states[depth][mask] for depth in ENDS], dim=1)
                    rows *= self._head.weights(ends, lengths)[:, None]
            tokens |= dict(zip(batch, np.split(rows.cpu().numpy(), np.cumsum(lengths)[:-1]), strict=True))
        return dense, [tokens[text] for text in range(len(texts))]

    @cached_property
    def _head(self) -> LateHead:
        return LateHead.shipped().to(self._device)
