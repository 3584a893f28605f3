"""The rows of `kv`: policies as they are published, the same with one part changed, and controls."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._heads import retrieval_heads
from rag.generation.kv._policy import Policy, Reading
from rag.generation.kv.critic import Critic
from rag.generation.kv.ems import Ems
from rag.generation.kv.expected import Expected
from rag.generation.kv.h2o import H2o
from rag.generation.kv.keydiff import Keydiff
from rag.generation.kv.kvzip import Kvzip
from rag.generation.kv.prefixkv import Prefixkv
from rag.generation.kv.prefixkv_offline import PrefixkvOffline
from rag.generation.kv.razor import Razor
from rag.generation.kv.snapkv import Snapkv
from rag.generation.kv.streaming import Streaming

__all__ = ["LOOKS_BACK", "RECIPES", "WITHOUT"]


class PublishedRazor(Razor):
    """RazorAttention with its own choice of heads: 14% by induction, and 1% by echo."""

    def ranked(self, reading: Reading) -> list[int]:
        """Give the best by echo, then those by induction."""
        echo, induction = (
            scores.flatten().sort(descending=True, stable=True).indices.tolist()
            for scores in retrieval_heads(reading.model, reading.folder)
        )
        return list(dict.fromkeys(echo[: round(0.01 * len(echo))] + induction[: round(0.14 * len(echo))]))


class RandomHeads(Razor):
    """As many heads as RazorAttention keeps whole, but any."""

    def ranked(self, reading: Reading) -> list[int]:
        """Give heads by a die that the text seeds."""
        config = reading.model.config
        random = torch.Generator().manual_seed(sum(reading.token_ids))
        count = len(super().ranked(reading))
        heads = config.num_hidden_layers * config.num_key_value_heads
        return torch.randperm(heads, generator=random)[:count].tolist()


class RandomTokens(Policy):
    """Any tokens, besides the sinks and the window."""

    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Score by a die that the text seeds."""
        random = torch.Generator().manual_seed(sum(reading.token_ids))
        shape = (len(cache.layers), *cache.layers[0].keys.shape[:2])
        return torch.rand(shape, generator=random)


class MeanH2o(Prefixkv):
    """PrefixKV's score with the same for every layer."""

    allocation = "uniform"


Recipe = Callable[[float], Policy]

RECIPES: Mapping[str, Recipe] = {
    "streaming": Streaming,
    "snapkv": Snapkv,
    "snapkv_pooled": lambda budget: Snapkv(budget, kernel=15, allocation="model"),
    "snapkv_pyramid": lambda budget: Snapkv(budget, allocation="pyramid"),
    "h2o": H2o,
    "keydiff": Keydiff,
    "keydiff_pooled": lambda budget: Keydiff(budget, allocation="model"),
    "expected": Expected,
    "expected_pooled": lambda budget: Expected(budget, allocation="model"),
    "critic": Critic,
    "ems": Ems,
    "ems_no_merge": lambda budget: Ems(budget, threshold=1.1),
    "prefixkv": Prefixkv,
    "prefixkv_offline": PrefixkvOffline,
    "prefixkv_uniform": MeanH2o,
    "razor": Razor,
    "razor_published": PublishedRazor,
    "razor_no_mean": lambda budget: Razor(budget, is_compensated=False),
    "razor_int8": lambda budget: Razor(budget, bits=8),
    "kvzip": Kvzip,
    "kvzip_uniform": lambda budget: Kvzip(budget, allocation="uniform"),
    "kvzip_int8": lambda budget: Kvzip(budget, bits=8),
    "kvzip_int4": lambda budget: Kvzip(budget, bits=4),
    "random_heads": RandomHeads,
    "random_tokens": RandomTokens,
}

LOOKS_BACK = ("snapkv", "h2o", "critic", "ems", "prefixkv")
"""Families that judge by queries seen: a question that was read changes what they keep."""

WITHOUT = {
    "ems": "ems_no_merge",
    "prefixkv": "prefixkv_uniform",
    "critic": "prefixkv_uniform",  # attention received alone, which a layer's heads share
    "razor": "razor_no_mean",
    "kvzip": "kvzip_uniform",
}
"""Policies, and the same score without what makes them."""
