"""The cache with room holds what the cache of transformers holds, and moves nothing that it need not."""

import torch
from torch import Tensor
from transformers import DynamicCache

from rag.generation.speculation import _cache
from rag.generation.speculation._cache import PlainCache


def states(count: int, seed: int) -> tuple[Tensor, Tensor]:
    made = torch.randn((2, 1, 3, count, 4), generator=torch.Generator().manual_seed(seed))
    return made[0], made[1]


def test_it_holds_what_the_cache_of_transformers_holds() -> None:
    ours, theirs = PlainCache(), DynamicCache()
    for seed, count in enumerate((5, 1, 400, 1, 1, 700, 30)):
        for layer in range(2):
            given = ours.update(*states(count, seed), layer)
            expected = theirs.update(*states(count, seed), layer)
            assert all(torch.equal(left, right) for left, right in zip(given, expected, strict=True))
    assert ours.get_seq_length() == theirs.get_seq_length() == 1138


def test_a_token_is_written_into_the_room_that_is_there() -> None:
    cache = PlainCache()
    cache.update(*states(5, 0), 0)
    place = cache.layers[0].keys.data_ptr()
    for seed in range(_cache._SPARE_TOKENS):
        cache.update(*states(1, seed), 0)
    assert cache.layers[0].keys.data_ptr() == place


def test_what_is_dropped_is_written_over() -> None:
    cache = PlainCache()
    for count in (6, 4):
        cache.update(*states(count, count), 0)
    cache.keep(4, [2, 0])
    expected = torch.cat((states(6, 6)[0], states(4, 4)[0][..., [2, 0], :]), dim=-2)
    assert torch.equal(cache.layers[0].keys, expected)
    keys, _ = cache.update(*states(3, 9), 0)
    assert torch.equal(keys, torch.cat((expected, states(3, 9)[0]), dim=-2))
