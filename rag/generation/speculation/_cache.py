"""Keys and values of the tokens read, of which the newest can be dropped.

Knows transformers' cache; why tokens are dropped is others' business.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import Cache, DynamicLayer

__all__ = ["PlainCache"]

_SPARE_TOKENS = 256  # room for what comes next, and a quarter of what is there


class _Layer(DynamicLayer):  # type: ignore[misc]  # transformers' classes have no types
    """Keys and values in tensors with room: new ones are written behind, and what is there stays.

    The cache of transformers copies all it holds at every token, a seventh of the time of a pass here.
    """

    _room: tuple[Tensor, Tensor] | None = None

    def update(
        self, key_states: Tensor, value_states: Tensor, *_: object, **__: object
    ) -> tuple[Tensor, Tensor]:
        """Add (1, H, N, D) keys and values; give all, as views."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        past, new = self.get_seq_length(), key_states.shape[-2]
        if self._room is None or past + new > self._room[0].shape[-2]:
            self._room = (
                _roomy(self.keys, like=key_states, past=past, new=new),
                _roomy(self.values, like=value_states, past=past, new=new),
            )
        for room, added in zip(self._room, (key_states, value_states), strict=True):
            room[..., past : past + new, :] = added
        self.keep(past + new)
        return self.keys, self.values

    def keep(self, length: int) -> None:
        """Keep the first tokens."""
        assert self._room is not None
        self.keys, self.values = (room[..., :length, :] for room in self._room)

    def pick(self, past: int, places: Sequence[int]) -> None:
        """Keep the first `past` tokens, and of those behind them those at `places`, in this order."""
        assert self._room is not None
        if list(places) != list(range(len(places))):  # else nothing moves
            chosen = torch.tensor(places, device=self._room[0].device) + past
            for room in self._room:
                room[..., past : past + len(places), :] = room.index_select(-2, chosen)
        self.keep(past + len(places))


class PlainCache(Cache):  # type: ignore[misc]
    """A cache of all tokens, one length in all heads and layers."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__(layer_class_to_replicate=_Layer)

    def keep(self, new: int, path: Sequence[int]) -> None:
        """Keep, of the last `new` entries, those at the places `path`, in this order, and drop the rest."""
        for layer in self.layers:
            layer.pick(layer.get_seq_length() - new, path)

    def beside(self, keys: Tensor, values: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Give a layer's keys and values with (B, K, N, D) more behind them; the cache stays as it is."""
        held = self.layers[layer]
        return torch.cat((held.keys, keys), dim=-2), torch.cat((held.values, values), dim=-2)


def _roomy(held: Tensor, *, like: Tensor, past: int, new: int) -> Tensor:
    size = past + new + max(_SPARE_TOKENS, (past + new) // 4)
    room = like.new_empty((*like.shape[:-2], size, like.shape[-1]))
    if past:
        room[..., :past, :] = held
    return room
