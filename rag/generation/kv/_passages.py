"""Passages read once, each behind the same beginning, and attached wherever they stand in a prompt.

A passage read so has not seen those that stand before it in a prompt: what is written behind it may differ
from what a model writes that reads the whole prompt. Whether it does is measured elsewhere. Knows the two
forms of what is kept; prompts are others' business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._entries import Head
from rag.generation.kv._policy import Policy, Reading
from rag.generation.kv._rotation import moved
from rag.generation.kv._store import Kept

__all__ = ["Place", "SmallerPassages", "TextForm", "WholePassages"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands, and where it was read."""

    start: int  # its first token's position in the prompt
    size: int  # tokens
    before: int  # tokens that it was read behind

    @property
    def distance(self) -> int:
        """Give how far its keys are moved."""
        return self.start - self.before


class TextForm(Protocol):
    """What is kept of a passage; Any: caches of transformers, plain or ragged."""

    @property
    def name(self) -> bytes:
        """Name what a kept passage depends on besides its text."""
        ...

    def first(self, place: Place) -> int:
        """Count the tokens that are read with every prompt, with all that stands before them."""
        ...

    def kept(self, cache: Any, before: int, reading: Reading) -> Kept:
        """Give what to keep of a cache that read `before` tokens and then the passage."""
        ...

    def attach(self, cache: Any, kept: Kept, place: Place, speeds: Tensor) -> None:
        """Put all behind the first tokens of a passage behind what a cache holds."""
        ...


@dataclass(frozen=True)
class WholePassages:
    """All keys and values of a passage, for plain caches."""

    repaired_tokens: int

    name = b"whole"

    def first(self, place: Place) -> int:
        """Read nothing anew of a passage that stands where it was read."""
        return self.repaired_tokens if place.distance else 0

    def kept(self, cache: Any, before: int, reading: Reading) -> Kept:
        """Give one tensor, (L, 2, K, T, D)."""
        both = [torch.stack((layer.keys[0], layer.values[0]))[:, :, before:] for layer in cache.layers]
        return Kept((torch.stack(both),))

    def attach(self, cache: Any, kept: Kept, place: Place, speeds: Tensor) -> None:
        """Add to each layer."""
        for number, both in enumerate(kept.tensors[0]):
            keys, values = both[:, :, self.first(place) :]
            cache.update(moved(keys, place.distance, speeds)[None], values[None], number)


@dataclass(frozen=True)
class SmallerPassages:
    """What a policy leaves of a passage that it knows no question for, for ragged caches."""

    repaired_tokens: int
    policy: Policy

    @property
    def name(self) -> bytes:
        """Name the policy and what it is set to."""
        return f"{type(self.policy).__name__} {self.policy.budget} {self.repaired_tokens}".encode()

    def first(self, place: Place) -> int:
        """Read the same number anew everywhere."""
        return self.repaired_tokens

    def kept(self, cache: RaggedCache, before: int, reading: Reading) -> Kept:
        """Give the (L, K) numbers of entries, and the keys and values of all heads in a row."""
        layers = self.policy.part(cache, reading, before + self.repaired_tokens)
        heads = [head for layer in layers for head in layer]
        counts = torch.tensor([len(head.keys) for head in heads]).view(len(layers), -1)
        return Kept(
            (counts, torch.cat([head.keys for head in heads]), torch.cat([head.values for head in heads]))
        )

    def attach(self, cache: RaggedCache, kept: Kept, place: Place, speeds: Tensor) -> None:
        """Add to each head what is left of it."""
        counts, keys, values = kept.tensors
        sizes = counts.flatten().tolist()
        keys = moved(keys, place.distance, speeds)
        parts = zip(torch.split(keys, sizes), torch.split(values, sizes), strict=True)
        heads = [Head(*part) for part in parts]
        cache.attach(_by_layer(heads, len(counts)), place.size - self.repaired_tokens)


def _by_layer(heads: Sequence[Head], num_layers: int) -> list[Sequence[Head]]:
    count = len(heads) // num_layers
    return [heads[first : first + count] for first in range(0, len(heads), count)]
