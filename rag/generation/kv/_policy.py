"""What every policy is: a score of the tokens, a division of the budget, and what becomes of the rest.

Knows the order of the steps; the steps are the policies' and the other helpers'.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, ClassVar

import torch
from torch import Tensor

from rag.generation.kv._allocation import ALLOCATIONS, chosen
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._entries import Head
from rag.generation.kv._observations import Need, Observations, attention
from rag.generation.kv._reduction import evict

__all__ = ["Policy", "Reading", "attention_of_window"]


@dataclass(frozen=True)
class Reading:
    """A text that was read, as policies see it."""

    model: Any  # Any: transformers' classes are made at run time
    token_ids: Sequence[int]
    seen: Observations
    repeat_ids: Sequence[int] = ()  # an order to repeat the text, for policies that have it repeated
    calibration_ids: Sequence[int] = ()  # a text of ours, for policies that find out about a model by it
    folder: Path | None = None  # where what was found out about a model is kept
    stop: Event = field(default_factory=Event)  # set: what a policy makes of the text is no longer wanted


class Policy(ABC):
    """Score tokens, divide the budget, keep the best."""

    needs: ClassVar[frozenset[Need]] = frozenset()
    allocation: ClassVar[str] = "uniform"
    is_for_parts: ClassVar[bool] = False  # judges a passage alone, whatever will be asked

    def __init__(
        self,
        budget: float = 0.25,
        *,
        allocation: str | None = None,
        bits: int | None = None,
        sinks: int = 4,
        window: int = 32,
    ) -> None:
        """Set how much is kept.

        Args:
            budget: share of the (head, token) entries that stay, over 0 and at most 1.
            allocation: how heads and layers share the budget: `uniform`, `heads`, `model`, `pyramid` or
                `prefix`; by default the policy's own.
            bits: a number is stored in, 4 or 8; by default as the model computes it.
            sinks: first tokens that always stay.
            window: newest tokens that always stay, and whose queries may judge the others.
        """
        if not 0 < budget <= 1:
            raise ValueError(f"a budget is over 0 and at most 1, the share that is kept; got {budget}")
        if (allocation or self.allocation) not in ALLOCATIONS:
            raise ValueError(f"no allocation {allocation!r}; choose one of: {', '.join(ALLOCATIONS)}")
        if bits not in (None, 4, 8):
            raise ValueError(f"keys and values take 4 or 8 bits a number, not {bits}")
        if sinks < 0 or window < 1:
            raise ValueError(f"sinks is 0 or more and window 1 or more, got {sinks} and {window}")
        self.budget, self.bits = budget, bits
        self.sinks, self.window = sinks, window
        self._allocate = ALLOCATIONS[allocation or self.allocation]

    def observe(self, model: Any) -> Observations:
        """Give what has to see the text being read."""
        return Observations(model, self.needs, self.window)

    def compress(self, cache: RaggedCache, reading: Reading) -> None:
        """Make the cache smaller, once, after the text was read; nothing observes it any longer.

        A text so short that the budget has no room for `least` entries a head keeps all of them.
        Layers are replaced one after the other: the peak is the whole cache and one layer's entries.
        """
        scores, counts = self._judged(cache.observe(), reading)
        kept = chosen(scores, counts, sinks=self.sinks)
        for layer, places, of_layer in zip(cache.layers, kept, scores, strict=True):
            heads = [
                self.reduce(keys, values, kept, own)
                for keys, values, kept, own in zip(layer.keys, layer.values, places, of_layer, strict=True)
            ]
            before = cache.num_bytes
            layer.replace(heads, self.bits)
            cache.peak_bytes = max(cache.peak_bytes, before + layer.num_bytes)

    def part(self, cache: RaggedCache, reading: Reading, first: int) -> list[list[Head]]:
        """Give what stays, by layer and head, of the tokens from `first` on; the cache stays whole.

        Its share of them is the budget; none of them has to stay for its place.
        """
        scores = self.scores(cache.observe(), reading)[..., first:].float()
        counts = self.counts(scores, reading)
        return [
            [
                self.reduce(keys[first:], values[first:], kept, own)
                for keys, values, kept, own in zip(layer.keys, layer.values, places, of_layer, strict=True)
            ]
            for layer, places, of_layer in zip(cache.layers, chosen(scores, counts), scores, strict=True)
        ]

    @property
    def least(self) -> int:
        """Give how many entries a head cannot do without: what stays for its place."""
        return self.sinks + self.window

    def _judged(self, cache: RaggedCache, reading: Reading) -> tuple[Tensor, Tensor]:
        """Give the scores, and how many entries each head keeps; a text that stays whole is not scored."""
        keys = cache.layers[0].keys
        if self.budget * keys.shape[1] >= self.least:
            scores = self.protected(self.scores(cache, reading))
            return scores, self.counts(scores, reading)
        scores = torch.zeros(len(cache.layers), *keys.shape[:2], device=keys.device)
        return scores, torch.full(scores.shape[:2], keys.shape[1])

    @abstractmethod
    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Give (L, K, T) scores, at least 0, higher for what is kept."""

    def counts(self, scores: Tensor, reading: Reading) -> Tensor:
        """Give (L, K) numbers of entries, which sum to the budget."""
        return self._allocate(scores, max(1, round(self.budget * scores.numel())))

    def reduce(self, keys: Tensor, values: Tensor, places: Tensor, scores: Tensor) -> Head:
        """Give what stays of a head's (T, D) keys and values."""
        return evict(keys, values, places)

    def protected(self, scores: Tensor) -> Tensor:
        """Give the scores, infinite where a token stays for its place."""
        scores = scores.float().clone()
        scores[..., : self.sinks] = torch.inf
        scores[..., -self.window :] = torch.inf
        return scores


def attention_of_window(cache: RaggedCache, seen: Observations) -> Tensor:
    """Give (L, K, T): what each key receives from the newest queries, the mean over them and the group."""
    return torch.stack(
        [
            attention(seen.window[layer.index], layer.keys, seen.scaling).mean(dim=(1, 2))
            for layer in cache.layers
        ]
    )
