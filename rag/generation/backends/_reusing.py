"""A prompt read on from what earlier prompts had in common with it.

Knows the order of the steps; what is kept, and for how long, is rag/generation/kv's business.
"""

from collections.abc import Sequence
from threading import Event
from typing import Any

import torch
from torch import Tensor

from rag.generation.kv._prefixes import BLOCK_TOKENS, Prefixes
from rag.generation.kv._store import ByteStore
from rag.generation.speculation._cache import PlainCache

__all__ = ["PrefixReader"]

_PIECE_TOKENS = 256  # read at a time, so that a cancelled run stops within one of them


class PrefixReader:
    """Read only what no earlier prompt began with; exact."""

    def __init__(self, store: ByteStore) -> None:
        """Take where keys and values are kept."""
        self.store = store
        self._prefixes = Prefixes(store)
        self._cache: PlainCache | None = None

    @property
    def cache_bytes(self) -> int:
        """Give what the newest cache has allocated by now."""
        return sum(key.nbytes + value.nbytes for key, value in _layers(self._cache)) if self._cache else 0

    def prepare(self, loaded: Any) -> None:  # Any: a model and its tokenizer, as transformers makes them
        """Take any model: its caches are plain ones."""

    def read(self, loaded: Any, token_ids: list[int], stop: Event) -> tuple[PlainCache, list[int]]:
        """Give the cache of as many whole blocks as leave a token, and what is behind them, unread.

        Nothing is kept of a prompt whose reading was stopped.
        """
        cache = self._cache = PlainCache()
        whole = (len(token_ids) - 1) // BLOCK_TOKENS * BLOCK_TOKENS
        known = self._prefixes.find(token_ids[:whole])
        for number, (keys, values) in enumerate(known):
            cache.update(keys[None], values[None], number)
        count = cache.get_seq_length()
        if count < whole:
            if not read_pieces(loaded.model, cache, token_ids[count:whole], stop):
                return cache, token_ids[cache.get_seq_length() :]
            self._prefixes.keep(token_ids[:whole], _layers(cache))
        return cache, token_ids[whole:]


def read_pieces(model: Any, cache: Any, token_ids: Sequence[int], stop: Event) -> bool:  # Any: as above
    """Read tokens behind what the cache holds; say whether all were read."""
    for start in range(0, len(token_ids), _PIECE_TOKENS):
        if stop.is_set():
            return False
        piece = torch.tensor([token_ids[start : start + _PIECE_TOKENS]], device=model.device)
        model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return True


def _layers(cache: PlainCache) -> list[tuple[Tensor, Tensor]]:
    return [(layer.keys[0], layer.values[0]) for layer in cache.layers]
