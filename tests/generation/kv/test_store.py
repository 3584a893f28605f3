"""What is kept between prompts stays within its bytes, and what was used last stays."""

from random import Random

import pytest
import torch

from rag.generation.kv._prefixes import BLOCK_TOKENS, Prefixes
from rag.generation.kv._store import ByteStore, Kept, text_key


def kept(numbers: int) -> Kept:
    return Kept((torch.zeros(numbers, dtype=torch.float32),))


def test_a_store_never_holds_more_than_its_size() -> None:
    random = Random(4)
    store = ByteStore(1000)
    sizes: dict[bytes, int] = {}
    for _ in range(500):
        key = bytes([random.randrange(30)])
        sizes[key] = random.randrange(1, 320)
        store.put(key, kept(sizes[key]))
        held = [key for key in sizes if store.get(key) is not None]
        assert store.num_bytes == 4 * sum(sizes[key] for key in held) <= 1000
        assert len(store) == len(held)


def test_what_lay_longest_goes_first() -> None:
    store = ByteStore(12)
    for key in (b"a", b"b", b"c"):
        store.put(key, kept(1))
    store.get(b"a")
    store.put(b"d", kept(1))
    assert [key for key in (b"a", b"b", b"c", b"d") if store.get(key)] == [b"a", b"c", b"d"]


def test_what_is_larger_than_the_store_displaces_nothing() -> None:
    store = ByteStore(12)
    store.put(b"a", kept(2))
    store.put(b"b", kept(4))
    assert store.get(b"a") is not None
    assert store.get(b"b") is None


def test_a_store_of_no_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one byte, got 0"):
        ByteStore(0)


def test_a_name_depends_on_every_token_and_on_what_stands_before() -> None:
    names = {text_key(before, tokens) for before in (b"", b"x") for tokens in ([1, 2], [2, 1], [1, 2, 0])}
    assert len(names) == 6


def layers(token_ids: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Give keys and values that show which tokens they are of: 2 layers of 1 head of 2 numbers."""
    numbers = torch.tensor(token_ids, dtype=torch.float32)[None, :, None]
    keys = numbers.expand(1, len(token_ids), 2)
    return [(keys, -keys), (10 * keys, -10 * keys)]


def test_the_longest_known_beginning_is_found() -> None:
    prefixes = Prefixes(ByteStore(1 << 20))
    first = list(range(100))
    prefixes.keep(first, layers(first))
    second = [*first[:70], *range(500, 560)]
    found = prefixes.find(second)
    assert [key.tolist() for pair in found for key in pair] == [
        key.tolist() for pair in layers(first[: 2 * BLOCK_TOKENS]) for key in pair
    ]
    assert prefixes.find([7, *first]) == []


def test_a_full_store_keeps_beginnings_rather_than_ends() -> None:
    text = list(range(4 * BLOCK_TOKENS))
    block = 2 * 2 * 2 * BLOCK_TOKENS * 4
    store = ByteStore(2 * block)
    Prefixes(store).keep(text, layers(text))
    assert store.num_bytes == 2 * block
    assert Prefixes(store).find(text)[0][0].shape[1] == 2 * BLOCK_TOKENS


def test_other_seeds_share_nothing() -> None:
    store, text = ByteStore(1 << 20), list(range(64))
    Prefixes(store, b"one model").keep(text, layers(text))
    assert Prefixes(store, b"another").find(text) == []
