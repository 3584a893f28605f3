"""Attention from all queries and from the newest alike; what is near to a kept entry is merged into it."""

import torch
from torch import Tensor

from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._entries import Head
from rag.generation.kv._policy import Policy, Reading, attention_of_window
from rag.generation.kv._reduction import merge

__all__ = ["Ems"]


class Ems(Policy):
    """Evict, then merge, head by head, by a score both global and local.

    Source: EMS (2412.08521), sections 3.2 and 3.3. How the two parts of the score combine, the
    threshold and the share are not in its text: they are options here.
    """

    needs = frozenset({"attention"})

    def __init__(
        self,
        budget: float = 0.25,
        *,
        threshold: float = 0.6,
        merged_share: float = 1.0,
        combine: str = "sum",
        allocation: str | None = None,
        bits: int | None = None,
        window: int = 32,
    ) -> None:
        """Set what is merged.

        Args:
            budget: as for every policy, and so are allocation, bits and window.
            threshold: of likeness, 0 to 1, at which entries are merged; over 1 none is.
            merged_share: entries that may be merged, as a multiple of those kept.
            combine: `sum` or `max` of the global and the local score, brought to one mean.
            allocation: see `Policy`.
            bits: see `Policy`.
            window: see `Policy`.
        """
        super().__init__(budget, allocation=allocation, bits=bits, window=window)
        if combine not in ("sum", "max") or threshold < 0 or merged_share < 0:
            raise ValueError(
                "combine is sum or max, threshold and merged_share 0 or more;"
                f" got {combine!r}, {threshold} and {merged_share}"
            )
        self._combine = torch.add if combine == "sum" else torch.maximum
        self._threshold, self._share = threshold, merged_share

    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Score by both."""
        near = attention_of_window(cache, reading.seen)
        far = torch.stack([reading.seen.received[layer.index] for layer in cache.layers])
        aligned = far * (near.mean(dim=-1, keepdim=True) / far.mean(dim=-1, keepdim=True))
        return self._combine(near, aligned)

    def reduce(self, keys: Tensor, values: Tensor, places: Tensor, scores: Tensor) -> Head:
        """Merge what is near to a kept entry."""
        return merge(keys, values, places, scores=scores, threshold=self._threshold, share=self._share)
