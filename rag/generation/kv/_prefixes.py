"""Beginnings of texts, read once: a text that begins like an earlier one goes on from there.

Exact: the keys and values of a token depend on what stands before it and on nothing behind, so that what is
written behind a beginning from the store is what is written behind one that was read. Knows nothing of
prompts or passages.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from rag.generation.kv._store import ByteStore, Kept, text_key

__all__ = ["BLOCK_TOKENS", "Prefixes"]

BLOCK_TOKENS = 32  # kept together: two texts share whole blocks


class Prefixes:
    """Texts in blocks, each kept under a key that names all tokens up to its end.

    Texts with the same beginning share its blocks. Of a text's blocks the last one is dropped first:
    without those before it, none is of use.
    """

    def __init__(self, store: ByteStore, seed: bytes = b"") -> None:
        """Take the store, and what else keys and values depend on."""
        self._store = store
        self._seed = seed

    def find(self, token_ids: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        """Give keys and values (K, T, D) by layer of the longest beginning that is known; [] for none."""
        blocks: list[Kept] = []
        keys = list(self._keys(token_ids))
        for key in keys:
            block = self._store.get(key)
            if block is None:
                break
            blocks.append(block)
        for key in reversed(keys[: len(blocks)]):
            self._store.get(key)  # the first block counts as used last
        if not blocks:
            return []
        both = torch.cat([block.tensors[0] for block in blocks], dim=3)  # (L, 2, K, T, D)
        return [(layer[0], layer[1]) for layer in both]

    def keep(self, token_ids: Sequence[int], layers: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Keep the whole blocks of a text, from the (K, T, D) keys and values of at least its tokens."""
        keys = list(self._keys(token_ids))
        for number in reversed(range(len(keys))):
            if self._store.get(keys[number]) is not None:
                continue
            piece = slice(number * BLOCK_TOKENS, (number + 1) * BLOCK_TOKENS)
            both = torch.stack([torch.stack((key[:, piece], value[:, piece])) for key, value in layers])
            self._store.put(keys[number], Kept((both,)))

    def _keys(self, token_ids: Sequence[int]) -> Iterator[bytes]:
        key = self._seed
        for end in range(BLOCK_TOKENS, len(token_ids) + 1, BLOCK_TOKENS):
            key = text_key(key, token_ids[end - BLOCK_TOKENS : end])
            yield key
