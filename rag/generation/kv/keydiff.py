"""Keys that point elsewhere than the others: no query is needed to tell them."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading

__all__ = ["Keydiff"]


class Keydiff(Policy):
    """Score by how far a key turns from the mean direction of its head's keys.

    Source: KeyDiff (2504.15364), section 3; raised by 1, so that scores are at least 0.
    """

    is_for_parts = True

    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Score from 0 (along the mean) to 2 (against it)."""
        directions = [normalize(layer.keys, dim=-1) for layer in cache.layers]
        return torch.stack(
            [1 - (each @ normalize(each.mean(dim=1), dim=-1)[..., None])[..., 0] for each in directions]
        )
