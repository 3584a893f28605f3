"""A cache whose heads and layers hold different numbers of tokens.

Each layer has entries, a different number for each head, in one flat tensor, and behind them a tail that is
equally long in all heads: what was read since. Knows how a text grows; _entries.py stores, _policy.py
chooses what is kept, and _attention.py reads.
"""

from collections.abc import Sequence
from typing import Protocol, Self

import torch
from torch import Tensor
from transformers import Cache

from rag.generation.kv._entries import Entries, Head, NarrowEntries
from rag.generation.kv._low_rank import LowRank

__all__ = ["Layer", "Observer", "RaggedCache"]


class Observer(Protocol):
    """What is told of each layer's queries as they are computed."""

    def see(self, layer: "Layer", queries: Tensor, scaling: float) -> None:
        """Take (H, N, D) queries of the newest N tokens, whose keys the layer has already."""
        ...


class Layer:
    """One layer's entries and tail; it stands for its keys where transformers passes those on."""

    is_sliding = False
    is_compileable = False

    def __init__(self, index: int, low_rank: LowRank | None = None) -> None:
        """Start empty; entries will hold fewer dimensions or (None) all."""
        self.index = index
        self.low_rank = low_rank
        self.entries: Entries | NarrowEntries | None = None
        self.observers: tuple[Observer, ...] = ()
        self._tail: tuple[Tensor, Tensor] | None = None

    @property
    def keys(self) -> Tensor:
        """Give the tail's keys, (K, T, D), rotated to their positions."""
        assert self._tail is not None
        return self._tail[0]

    @property
    def values(self) -> Tensor:
        """Give the tail's values, (K, T, D)."""
        assert self._tail is not None
        return self._tail[1]

    def append(self, keys: Tensor, values: Tensor) -> None:
        """Add (K, N, D) to the tail."""
        if self._tail is not None:
            keys, values = torch.cat((self.keys, keys), dim=1), torch.cat((self.values, values), dim=1)
        self._tail = keys, values

    def replace(self, heads: Sequence[Head], bits: int | None) -> None:
        """Store these entries in place of the tail; there are no others yet."""
        assert self.entries is None
        self.entries = NarrowEntries(heads, bits, self.low_rank) if self.low_rank else Entries(heads, bits)
        self._tail = self.keys[:, :0].clone(), self.values[:, :0].clone()

    def attach(self, heads: Sequence[Head]) -> None:
        """Store these entries, without biases, behind those that are stored; the tail stays."""
        if self.entries is not None:
            before = [self.entries.head(number)[:2] for number in range(len(heads))]
            heads = [
                Head(torch.cat((keys, head.keys)), torch.cat((values, head.values)))
                for (keys, values), head in zip(before, heads, strict=True)
            ]
        self.entries = Entries(heads, None)

    def keep(self, new: int, path: Sequence[int]) -> None:
        """Drop the last `new` of the tail but those at the places `path`."""
        if list(path) == list(range(new)):  # nothing is dropped or moved, as behind a single token
            return
        past = self.keys.shape[1] - new
        places = torch.tensor([*range(past), *(past + place for place in path)]).long()
        places = places.to(self.keys.device)
        self._tail = self.keys.index_select(1, places), self.values.index_select(1, places)

    def copy(self) -> "Layer":
        """Give another layer with the same entries and tail; neither changes when the other grows."""
        other = Layer(self.index, self.low_rank)
        other.entries, other._tail = self.entries, self._tail
        return other

    @property
    def num_entries(self) -> int:
        """Count what all heads hold together."""
        stored = sum(self.entries.counts) if self.entries else 0
        return stored + (self.keys.shape[0] * self.keys.shape[1] if self._tail else 0)

    @property
    def num_bytes(self) -> int:
        """Count what is allocated."""
        stored = self.entries.num_bytes if self.entries else 0
        return stored + (self.keys.nbytes + self.values.nbytes if self._tail else 0)


class RaggedCache(Cache):  # type: ignore[misc]  # transformers' classes have no types
    """Keys and values of one text, read by a model that `use_ragged_attention` prepared."""

    def __init__(self, num_layers: int, low_rank: Sequence[LowRank] | None = None) -> None:
        """Start empty; entries will hold fewer dimensions, for each layer its own, or (None) all."""
        maps: Sequence[LowRank | None] = low_rank or [None] * num_layers
        super().__init__(layers=[Layer(index, each) for index, each in enumerate(maps)])
        self.num_read = 0
        self.peak_bytes = 0

    def update(self, keys: Tensor, values: Tensor, layer_idx: int, *_: object) -> tuple[Layer, Layer]:
        """Add (1, K, N, D) to a layer; the layer itself is what attention gets."""
        layer: Layer = self.layers[layer_idx]
        layer.append(keys[0], values[0])
        if layer_idx == len(self.layers) - 1:
            self.num_read += keys.shape[2]
            self.peak_bytes = max(self.peak_bytes, self.num_bytes)
        return layer, layer

    def beside(self, keys: Tensor, values: Tensor, layer: int) -> tuple[Layer, Layer]:
        """Give a layer with (1, K, N, D) more behind it, for attention; the cache stays as it is."""
        other = self.layers[layer].copy()
        other.append(keys[0], values[0])
        return other, other

    def attach(self, layers: Sequence[Sequence[Head]], num_tokens: int) -> None:
        """Store what was kept elsewhere of a text of so many tokens, as if it had been read now."""
        for layer, heads in zip(self.layers, layers, strict=True):
            layer.attach(heads)
        self.num_read += num_tokens
        self.peak_bytes = max(self.peak_bytes, self.num_bytes)

    def observe(self, *observers: Observer) -> Self:
        """Tell these, and no longer others, of every query from now on."""
        for layer in self.layers:
            layer.observers = observers
        return self

    def keep(self, new: int, path: Sequence[int]) -> None:
        """Keep, of the last `new` tokens, those at the places `path`, in this order, and drop the rest."""
        for layer in self.layers:
            layer.keep(new, path)
        self.num_read -= new - len(path)

    def copy(self) -> "RaggedCache":
        """Give a cache with the same content, which shares its storage; neither changes the other."""
        other = RaggedCache(0)
        other.layers = [layer.copy() for layer in self.layers]
        other.num_read, other.peak_bytes = self.num_read, self.peak_bytes
        return other

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Count the tokens read, kept or not: the next one's position.

        Within a pass this is the count before it.
        """
        return self.num_read

    def get_query_offset(self, layer_idx: int = 0) -> int:
        """Give the position of the next token."""
        return self.num_read

    def get_mask_sizes(self, query_length: int, layer_idx: int = 0) -> tuple[int, int]:
        """Ask for a mask over all tokens read; attention takes the part that it needs."""
        return self.num_read + query_length, 0

    @property
    def num_entries(self) -> int:
        """Count (head, token) entries over all layers."""
        return sum(layer.num_entries for layer in self.layers)

    @property
    def num_bytes(self) -> int:
        """Count the bytes allocated for keys and values, with scales, biases and lengths."""
        return sum(layer.num_bytes for layer in self.layers)
