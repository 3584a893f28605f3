"""To each layer as many tokens as hold the same share of its attention."""

import torch
from torch import Tensor

from rag.generation.kv._allocation import calibrated
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading

__all__ = ["Prefixkv"]


class Prefixkv(Policy):
    """Score by attention received, the mean of a layer's heads, and divide by a common share of it.

    Source: PrefixKV (2412.03409), section 3.
    """

    needs = frozenset({"attention"})
    allocation = "prefix"

    def __init__(
        self,
        budget: float = 0.25,
        *,
        layer_shares: list[float] | None = None,
        allocation: str | None = None,
        bits: int | None = None,
        sinks: int = 4,
        window: int = 32,
    ) -> None:
        """Set how layers share.

        Args:
            budget: as for every policy, and so are allocation, bits, sinks and window.
            layer_shares: of the budget, one a layer, as found on other texts; by default each text's own.
            allocation: see `Policy`.
            bits: see `Policy`.
            sinks: see `Policy`.
            window: see `Policy`.
        """
        super().__init__(budget, allocation=allocation, bits=bits, sinks=sinks, window=window)
        if layer_shares is not None:
            if min(layer_shares, default=0) <= 0:
                raise ValueError(f"layer_shares are over 0, one a layer; got {layer_shares}")
            self._allocate = calibrated(torch.tensor(layer_shares))

    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Score by attention, the same for all heads of a layer."""
        received = torch.stack([reading.seen.received[layer.index] for layer in cache.layers])
        return received.mean(dim=1, keepdim=True).expand_as(received)
