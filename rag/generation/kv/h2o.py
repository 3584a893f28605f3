"""What received the most attention of all queries so far."""

import torch
from torch import Tensor

from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading

__all__ = ["H2o"]


class H2o(Policy):
    """Score by the sum of attention received; old tokens have been seen by more queries, and gain by it.

    Source: H2O (2306.14048), section 4.1, at the end of the prompt.
    """

    needs = frozenset({"attention"})

    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Score by attention."""
        return torch.stack([reading.seen.received[layer.index] for layer in cache.layers])
