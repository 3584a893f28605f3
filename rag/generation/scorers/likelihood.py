"""How likely a language model finds a question after a passage: TRLM-Fo's score, for ordering passages.

The passage is read once; its keys and values serve every later question about it.

Source: Varun et al., Time-Reversal Provides Unsupervised Feedback, 2024, https://arxiv.org/abs/2412.02626,
section 3 (the form that needs no model of its own); Sachan et al., UPR, 2022, https://arxiv.org/abs/2204.07496.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache
from transformers.utils.logging import disable_progress_bar

from rag.core.types import Vector
from rag.generation.backends._smollm2 import SMOLLM2, model_folder
from rag.networks._reading import READING

__all__ = ["Likelihood"]

_LINK = "\n\nhas an answer to the question:"
_MAX_QUERY_TOKENS = 128
_BATCH_PASSAGES = 8


@dataclass(frozen=True, slots=True)
class _Passage:
    """A passage that was read: keys and values of each layer, (heads, T, D), and the token after them."""

    layers: tuple[tuple[Tensor, Tensor], ...]
    last: int

    @property
    def length(self) -> int:
        return self.layers[0][0].shape[1]

    @property
    def num_bytes(self) -> int:
        return sum(part.nbytes for layer in self.layers for part in layer)


class Likelihood:
    """Score passages by the log-likelihood of the question after each."""

    def __init__(
        self,
        models_dir: Path,
        model: str = SMOLLM2,
        *,
        passage_tokens: int = 256,
        cache_bytes: int = 256_000_000,
        device: str = "cpu",
    ) -> None:
        """Choose the model and its limits.

        Args:
            models_dir: where SmolLM2 is kept once it is unpacked.
            model: `smollm2`, or the folder of any causal model with its tokenizer.
            passage_tokens: of each passage, what is beyond is not read.
            cache_bytes: of keys and values of passages that are kept for the next question; 0 keeps none.
            device: as torch names it.
        """
        if passage_tokens < 1 or cache_bytes < 0:
            raise ValueError("passage_tokens is 1 or more, cache_bytes 0 or more")
        self._models_dir = models_dir
        self._name = model
        self._passage_tokens = passage_tokens
        self._cache_bytes = cache_bytes
        self._device = device
        self._read: OrderedDict[str, _Passage] = OrderedDict()
        self._turn = Lock()

    def scores(self, query: str, passages: Sequence[str]) -> Vector:
        """Give (N,) float32: the mean log-probability of the question's tokens after each passage."""
        ids = self._tokens(f" {query}")[:_MAX_QUERY_TOKENS]
        scores = torch.zeros(len(passages))
        order = sorted(range(len(passages)), key=lambda number: len(passages[number]))
        with self._turn, torch.inference_mode():
            for start in range(0, len(order), _BATCH_PASSAGES):
                batch = order[start : start + _BATCH_PASSAGES]
                read = self._passages([passages[number] for number in batch])
                scores[batch] = self._likelihoods(ids, read)
        found: Vector = scores.numpy()
        return found

    def _likelihoods(self, ids: list[int], passages: Sequence[_Passage]) -> Tensor:
        """Give (N,): the question is read after all passages at once, which end at the same place."""
        longest = max(passage.length for passage in passages)
        cache = DynamicCache()
        for layer in range(len(passages[0].layers)):
            keys, values = (
                torch.stack([_padded(passage.layers[layer][part], longest) for passage in passages])
                for part in (0, 1)
            )
            cache.update(keys, values, layer)
        inputs = torch.tensor([[passage.last, *ids[:-1]] for passage in passages], device=self._device)
        lengths = torch.tensor([passage.length for passage in passages], device=self._device)
        places = torch.arange(longest + len(ids), device=self._device)
        output = self._model(
            input_ids=inputs,
            attention_mask=(places >= longest - lengths[:, None]).long(),
            position_ids=lengths[:, None] + torch.arange(len(ids), device=self._device),
            past_key_values=cache,
            use_cache=True,
        )
        asked = torch.tensor(ids, device=self._device).expand(len(passages), -1)
        chances = output.logits.float().log_softmax(dim=-1)
        of_asked: Tensor = chances.gather(2, asked[:, :, None])[:, :, 0]
        return of_asked.mean(dim=1).cpu()

    def _passages(self, texts: Sequence[str]) -> list[_Passage]:
        missing = [text for text in dict.fromkeys(texts) if text not in self._read]
        fresh = dict(zip(missing, self._prefill(missing), strict=True)) if missing else {}
        found = [fresh.get(text) or self._read[text] for text in texts]
        for text, passage in zip(texts, found, strict=True):
            self._read[text] = passage
            self._read.move_to_end(text)
        size = sum(passage.num_bytes for passage in self._read.values())
        while size > self._cache_bytes:
            size -= self._read.popitem(last=False)[1].num_bytes
        return found

    def _prefill(self, texts: Sequence[str]) -> list[_Passage]:
        """Read passages side by side; padding comes after them, where they do not look."""
        link = self._tokens(_LINK)
        ids = [[*self._tokens(text.strip())[: self._passage_tokens], *link] for text in texts]
        longest = max(map(len, ids))
        inputs = torch.zeros((len(ids), longest), dtype=torch.int64, device=self._device)
        mask = torch.zeros_like(inputs)
        for row, each in enumerate(ids):
            inputs[row, : len(each)], mask[row, : len(each)] = torch.tensor(each), 1
        cache = DynamicCache()
        self._model(
            input_ids=inputs, attention_mask=mask, past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        return [
            _Passage(
                tuple(
                    (
                        layer.keys[row, :, : len(each) - 1].clone(),
                        layer.values[row, :, : len(each) - 1].clone(),
                    )
                    for layer in cache.layers
                ),
                last=each[-1],
            )
            for row, each in enumerate(ids)
        ]

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids

    @cached_property
    def _model(self) -> Any:  # Any: transformers' classes are made at run time
        disable_progress_bar()
        folder = self._folder  # before the lock, which unpacking takes too
        with READING:
            model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
        return model.to(self._device).eval()

    @cached_property
    def _tokenizer(self) -> Any:  # Any: as the model
        return AutoTokenizer.from_pretrained(self._folder, local_files_only=True)

    @cached_property
    def _folder(self) -> Path:
        return model_folder(self._name, self._models_dir)


def _padded(states: Tensor, length: int) -> Tensor:
    """Put zeros before the states (heads, T, D), (heads, length, D)."""
    return torch.nn.functional.pad(states, (0, 0, length - states.shape[1], 0))
