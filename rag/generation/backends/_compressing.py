"""A prompt read into a cache that a policy then makes smaller, and that may hold fewer dimensions.

Knows the order of the steps; policies are files of rag/generation/kv, dimensions its _low_rank.py.
"""

from pathlib import Path
from threading import Event
from typing import Any, Protocol

import torch

from rag.core.registry import Family
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._calibration import calibration_text, rotation_of, spectra
from rag.generation.kv._low_rank import LowRank, low_rank
from rag.generation.kv._policy import Policy, Reading

__all__ = ["REPEAT", "CompressedReader", "build_policy"]

REPEAT = "\n\nRepeat the previous context exactly.\n\n"
_POLICIES = Family("rag.generation.kv")
_KEEPS_ALL = "streaming"  # at a full budget, and it judges nothing
_PIECE_TOKENS = 256  # read at a time, so that a cancelled run stops within one of them


class _Loaded(Protocol):
    """A model and its tokenizer; Any: transformers' classes are made at run time."""

    @property
    def model(self) -> Any: ...

    @property
    def tokenizer(self) -> Any: ...


class CompressedReader:
    """Read prompts so that what is written behind them sees a smaller cache."""

    def __init__(
        self,
        policy: str | None,
        budget: float | None = None,
        *,
        bits: int | None = None,
        rank: float | None = None,
        folder: Path,
    ) -> None:
        """Take what is kept, and in how many dimensions.

        Args:
            policy: by name; None keeps everything.
            budget: of the policy; None: its own.
            bits: a number, of what a policy keeps.
            rank: share of the dimensions of keys and values that is held; None: all, as they are.
            folder: where facts of models are kept.
        """
        if rank is not None and not 0 < rank <= 1:
            raise ValueError(f"kv_rank is over 0 and at most 1, the share of dimensions held; got {rank}")
        self._policy = build_policy(policy or _KEEPS_ALL, budget if policy else 1.0, bits)
        self._rank, self._folder = rank, folder
        self._low_rank: list[LowRank] | None = None
        self._cache: RaggedCache | None = None

    @property
    def cache_bytes(self) -> int:
        """Give what the newest cache has allocated by now."""
        return self._cache.num_bytes if self._cache else 0

    def prepare(self, loaded: _Loaded) -> None:
        """Let the model read the caches, and find the dimensions that it uses most.

        Raises:
            InvalidInputError: a model whose dimensions cannot be told apart.
        """
        use_ragged_attention(loaded.model)
        if self._rank is not None:
            found = spectra(loaded.model, loaded.tokenizer, self._folder)
            self._low_rank = low_rank(
                found, self._rank, rotation=rotation_of(loaded.model), like=next(loaded.model.parameters())
            )

    def read(self, loaded: _Loaded, token_ids: list[int], stop: Event) -> tuple[RaggedCache, list[int]]:
        """Give the cache of all tokens but the last, made smaller, and that last one, still unread.

        The first token written comes from the smaller cache, like all others.
        """
        read, unread = token_ids[:-1], token_ids[-1:]
        seen = self._policy.observe(loaded.model)
        cache = RaggedCache(loaded.model.config.num_hidden_layers, self._low_rank).observe(seen)
        self._cache = cache
        for start in range(0, len(read), _PIECE_TOKENS):
            if stop.is_set():
                return cache, unread
            piece = torch.tensor([read[start : start + _PIECE_TOKENS]], device=loaded.model.device)
            loaded.model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
        if read and not stop.is_set():
            repeat_ids, calibration_ids = (
                loaded.tokenizer.encode(each, add_special_tokens=False)
                for each in (REPEAT, calibration_text())
            )
            reading = Reading(loaded.model, read, seen, repeat_ids, calibration_ids, self._folder, stop)
            self._policy.compress(cache, reading)
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
