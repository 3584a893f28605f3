"""Every policy keeps these laws; a new file of rag/generation/kv is tested as it is."""

from typing import Any

import pytest
import torch
from _small_llama import small_llama, text
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache
from transformers.masking_utils import eager_mask

from rag.core.registry import Family
from rag.generation.kv._allocation import chosen
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._entries import Head
from rag.generation.kv._policy import Policy, Reading
from rag.generation.kv.streaming import Streaming

POLICIES = Family("rag.generation.kv")
TOKENS, QUESTION = text(90), text(7, seed=1)


@pytest.fixture(scope="module")
def model() -> Any:
    """Give a prepared model."""
    small = small_llama()
    use_ragged_attention(small)
    return small


def read(model: Any, cache: Any, token_ids: list[int]) -> Tensor:
    with torch.inference_mode():
        output = model(input_ids=torch.tensor([token_ids]), past_key_values=cache, use_cache=True)
    logits: Tensor = output.logits[0]
    return logits


def compressed(model: Any, policy: Policy, token_ids: list[int] = TOKENS) -> RaggedCache:
    seen = policy.observe(model)
    cache = RaggedCache(model.config.num_hidden_layers).observe(seen)
    read(model, cache, token_ids[:50])
    if token_ids[50:]:
        read(model, cache, token_ids[50:])
    policy.compress(cache, Reading(model, token_ids, seen, calibration_ids=text(120, seed=8)))
    return cache


def greedy(model: Any, cache: Any, count: int) -> list[int]:
    written, unread = [], QUESTION
    for _ in range(count):
        written.append(int(read(model, cache, unread)[-1].argmax()))
        unread = written[-1:]
    return written


@pytest.mark.parametrize("name", POLICIES.names())
def test_a_full_budget_writes_the_same_tokens(model: Any, name: str) -> None:
    plain = DynamicCache()
    read(model, plain, TOKENS)
    cache = compressed(model, POLICIES.load(name)(1.0))
    assert greedy(model, cache, 20) == greedy(model, plain, 20)
    assert cache.num_read == len(TOKENS) + len(QUESTION) + 19


@pytest.mark.parametrize("budget", [0.6, 0.45])
@pytest.mark.parametrize("name", POLICIES.names())
def test_the_entries_kept_are_the_budget(model: Any, name: str, budget: float) -> None:
    cache = compressed(model, POLICIES.load(name)(budget))
    assert cache.num_entries == round(budget * 3 * 2 * len(TOKENS))


@pytest.mark.parametrize("name", POLICIES.names())
def test_a_text_that_the_budget_has_no_room_for_stays_whole(model: Any, name: str) -> None:
    policy: Policy = POLICIES.load(name)(0.25)
    longest = 4 * policy.least - 1
    cache = compressed(model, policy, text(longest))
    assert cache.num_entries == 3 * 2 * longest
    assert compressed(model, policy, text(longest + 1)).num_entries == 3 * 2 * policy.least


def test_a_window_over_the_text_is_full_attention_bit_for_bit(model: Any) -> None:
    whole = compressed(model, Streaming(1.0))
    found = read(model, compressed(model, Streaming(0.25, window=len(TOKENS))), QUESTION)
    assert torch.equal(found, read(model, whole, QUESTION))
    plain = DynamicCache()
    read(model, plain, TOKENS)
    assert torch.allclose(found, read(model, plain, QUESTION), atol=1e-4)


@pytest.mark.parametrize("name", POLICIES.names())
def test_the_entries_dropped_free_their_bytes(model: Any, name: str) -> None:
    cache = compressed(model, POLICIES.load(name)(0.5))
    full = 3 * 2 * len(TOKENS) * 2 * 8 * 4
    assert cache.num_bytes <= 0.5 * full + 3 * 2 * (8 + 4 * len(TOKENS))
    assert full <= cache.peak_bytes < 2.2 * full
    assert all(layer.keys.untyped_storage().nbytes() == 0 for layer in cache.layers)


@pytest.mark.parametrize("name", POLICIES.names())
def test_it_reads_on_as_the_model_would_with_the_dropped_masked(model: Any, name: str) -> None:
    policy: Policy = POLICIES.load(name)(0.5)
    kept: list[Head] = []
    reduce = policy.reduce

    def noted(keys: Tensor, values: Tensor, places: Tensor, scores: Tensor) -> Head:
        kept.append(reduce(keys, values, places, scores))
        return kept[-1]

    policy.reduce = noted  # type: ignore[method-assign]  # to know what was kept
    found = read(model, compressed(model, policy), QUESTION)
    assert torch.allclose(found, oracle(kept), atol=1e-4)


def oracle(kept: list[Head]) -> Tensor:
    """Read the question with eager attention over what was kept, each query head by itself."""
    small = small_llama()
    group = small.config.num_attention_heads // small.config.num_key_value_heads

    def attend(
        module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor, **more: Any
    ) -> tuple[Tensor, None]:
        outputs = torch.zeros_like(query)
        for head in range(query.shape[1]):
            of = kept[module.layer_idx * (query.shape[1] // group) + head // group]
            for row in range(query.shape[2]):
                keys = torch.cat((of.keys, key[0, head // group, : row + 1]))
                values = torch.cat((of.values, value[0, head // group, : row + 1]))
                logits = keys @ query[0, head, row] * more["scaling"]
                if of.bias is not None:
                    logits[: len(of.bias)] += of.bias
                outputs[0, head, row] = logits.softmax(dim=0) @ values
        return outputs.transpose(1, 2), None

    AttentionInterface.register("oracle", attend)
    AttentionMaskInterface.register("oracle", eager_mask)
    small.set_attn_implementation("oracle")
    positions = torch.arange(len(TOKENS), len(TOKENS) + len(QUESTION))[None]
    with torch.inference_mode():
        output = small(input_ids=torch.tensor([QUESTION]), position_ids=positions, use_cache=False)
    logits: Tensor = output.logits[0]
    return logits


@pytest.mark.parametrize("name", POLICIES.names())
def test_tokens_taken_back_leave_no_trace(model: Any, name: str) -> None:
    cache = compressed(model, POLICIES.load(name)(0.5))
    other = cache.copy()
    read(model, cache, [5, *QUESTION[:2], 6, QUESTION[2]])
    cache.keep(5, (1, 2))
    read(model, other, QUESTION[:2])
    assert cache.num_read == other.num_read
    for layer, alike in zip(cache.layers, other.layers, strict=True):
        assert layer.keys.shape == alike.keys.shape
    cache.keep(2, ())
    other.keep(2, ())
    assert torch.equal(read(model, cache, QUESTION), read(model, other, QUESTION))


@pytest.mark.parametrize("name", POLICIES.names())
@pytest.mark.parametrize("bits", [8, 4])
def test_fewer_bits_take_fewer_bytes_and_change_little(model: Any, name: str, bits: int) -> None:
    exact = compressed(model, POLICIES.load(name)(0.5))
    coarse = compressed(model, POLICIES.load(name)(0.5, bits=bits))
    assert coarse.num_entries == exact.num_entries
    assert coarse.num_bytes < exact.num_bytes * {8: 0.55, 4: 0.45}[bits]
    found, wanted = read(model, coarse, QUESTION), read(model, exact, QUESTION)
    error = (found - wanted).norm() / wanted.norm()
    assert error < {8: 0.05, 4: 0.5}[bits]


def test_a_tree_is_read_as_each_of_its_branches(model: Any) -> None:
    cache = compressed(model, POLICIES.load("snapkv")(0.5))
    tokens, parents = [7, 8, 9, 10], [-1, 0, 0, 2]
    mask = torch.eye(4, dtype=torch.bool)
    for place, parent in enumerate(parents):
        if parent >= 0:
            mask[place] |= mask[parent]
    positions = len(TOKENS) + torch.tensor([[0, 1, 1, 2]])
    tree = cache.copy()
    with torch.inference_mode():
        found = model(
            input_ids=torch.tensor([tokens]),
            past_key_values=tree,
            attention_mask=mask[None, None],
            position_ids=positions,
        ).logits[0]
    branch = read(model, cache, [7, 9, 10])
    assert torch.allclose(found[[0, 2, 3]], branch, atol=1e-4)
    tree.keep(4, (0, 2, 3))
    assert torch.allclose(read(model, tree, QUESTION), read(model, cache, QUESTION), atol=1e-4)


@pytest.mark.parametrize("count", [2, 4, 6])
def test_of_places_that_must_all_stay_the_first_tokens_come_first_and_then_the_newest(count: int) -> None:
    scores = torch.tensor([[[torch.inf] * 3 + [9.0] * 50 + [torch.inf] * 30]])
    expected = [*range(min(count, 3)), *range(83 - max(count - 3, 0), 83)]
    assert chosen(scores, torch.tensor([[count]]), sinks=3)[0][0].tolist() == expected


def test_places_are_chosen_in_the_order_of_the_text() -> None:
    scores = torch.tensor([[[1.0, 9.0, 3.0, 8.0]]])
    assert chosen(scores, torch.tensor([[2]]))[0][0].tolist() == [1, 3]
