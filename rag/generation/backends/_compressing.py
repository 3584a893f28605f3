"""A prompt read into a cache that a policy then makes smaller.

Knows the order of the steps; policies are files of rag/generation/kv.
"""

from pathlib import Path
from threading import Event
from typing import Any, Protocol

import torch

from rag.core.registry import Family
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading

__all__ = ["REPEAT", "CompressedReader", "build_policy"]

REPEAT = "\n\nRepeat the previous context exactly.\n\n"
_POLICIES = Family("rag.generation.kv")
_PIECE_TOKENS = 256  # read at a time, so that a cancelled run stops within one of them


class _Loaded(Protocol):
    """A model and its tokenizer; Any: transformers' classes are made at run time."""

    @property
    def model(self) -> Any: ...

    @property
    def tokenizer(self) -> Any: ...


class CompressedReader:
    """Read prompts so that what is written behind them sees a smaller cache."""

    def __init__(self, policy: str, budget: float | None, bits: int | None, folder: Path) -> None:
        """Take a policy, its budget (None: its own), bits a number, and where facts of models are kept."""
        self._policy = build_policy(policy, budget, bits)
        self._folder = folder
        self._cache: RaggedCache | None = None

    @property
    def cache_bytes(self) -> int:
        """Give what the newest cache has allocated by now."""
        return self._cache.num_bytes if self._cache else 0

    def prepare(self, loaded: _Loaded) -> None:
        """Let the model read the caches."""
        use_ragged_attention(loaded.model)

    def read(self, loaded: _Loaded, token_ids: list[int], stop: Event) -> tuple[RaggedCache, list[int]]:
        """Give the cache of all tokens but the last, made smaller, and that last one, still unread.

        The first token written comes from the smaller cache, like all others.
        """
        read, unread = token_ids[:-1], token_ids[-1:]
        seen = self._policy.observe(loaded.model)
        cache = RaggedCache(loaded.model.config.num_hidden_layers).observe(seen)
        self._cache = cache
        for start in range(0, len(read), _PIECE_TOKENS):
            if stop.is_set():
                return cache, unread
            piece = torch.tensor([read[start : start + _PIECE_TOKENS]], device=loaded.model.device)
            loaded.model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
        if read:
            repeat_ids = loaded.tokenizer.encode(REPEAT, add_special_tokens=False)
            self._policy.compress(cache, Reading(loaded.model, read, seen, repeat_ids, self._folder))
        return cache, unread


def build_policy(name: str, budget: float | None, bits: int | None) -> Policy:
    """Give the policy of this name.

    Raises:
        UnknownPluginError: there is none.
        ValueError: a budget or bits that it does not take.
    """
    kind = _POLICIES.load(name)
    policy: Policy = kind(bits=bits) if budget is None else kind(budget, bits=bits)
    return policy
