"""The first tokens and the newest: what a model needs to go on writing, and nothing of the middle."""

import torch
from torch import Tensor

from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading

__all__ = ["Streaming"]


class Streaming(Policy):
    """Keep sinks and a window.

    Source: StreamingLLM (2309.17453), section 3; keys keep their positions here, as in RazorAttention.
    """

    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Score by position: the newer, the higher."""
        keys = cache.layers[0].keys
        ranks = torch.arange(keys.shape[1], dtype=torch.float32, device=keys.device)
        return ranks.expand(len(cache.layers), keys.shape[0], -1)
