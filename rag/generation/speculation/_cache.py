"""Keys and values of the tokens read, of which the newest can be dropped.

Knows transformers' cache; why tokens are dropped is others' business.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import DynamicCache

__all__ = ["PlainCache"]


class PlainCache(DynamicCache):  # type: ignore[misc]  # transformers' classes have no types
    """A cache of all tokens, one length in all heads and layers."""

    def keep(self, new: int, path: Sequence[int]) -> None:
        """Keep, of the last `new` entries, those at the places `path`, in this order, and drop the rest."""
        for layer in self.layers:
            past = layer.keys.shape[-2] - new
            if list(path) == list(range(len(path))):  # a beginning: nothing moves
                layer.keys = layer.keys[..., : past + len(path), :]
                layer.values = layer.values[..., : past + len(path), :]
                continue
            places = torch.tensor([*range(past), *(past + place for place in path)])
            places = places.to(layer.keys.device)
            layer.keys = layer.keys.index_select(-2, places)
            layer.values = layer.values.index_select(-2, places)

    def beside(self, keys: Tensor, values: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Give a layer's keys and values with (B, K, N, D) more behind them; the cache stays as it is."""
        held = self.layers[layer]
        return torch.cat((held.keys, keys), dim=-2), torch.cat((held.values, values), dim=-2)
