"""Scores are what the papers' formulas give, computed token by token from the model's own attention."""

import math
from typing import Any

import pytest
import torch
from _small_llama import small_llama, text
from torch import Tensor

from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading
from rag.generation.kv.ems import Ems
from rag.generation.kv.expected import Expected
from rag.generation.kv.keydiff import Keydiff
from rag.generation.kv.snapkv import Snapkv

LAYERS, KEPT, GROUP, SIZE, WINDOW = 3, 2, 2, 8, 6
TOKENS = text(40)


def scored(policy: Policy) -> tuple[Tensor, RaggedCache]:
    """Give (L, K, T), from a text read in two pieces, and what was read."""
    model = small_llama()
    use_ragged_attention(model)
    seen = policy.observe(model)
    cache = RaggedCache(LAYERS).observe(seen)
    with torch.inference_mode():
        for piece in (TOKENS[:25], TOKENS[25:]):
            model(input_ids=torch.tensor([piece]), past_key_values=cache, use_cache=True)
        return policy.scores(cache.observe(), Reading(model, TOKENS, seen)), cache


@pytest.fixture(scope="module")
def attention() -> Tensor:
    """Give the model's own (L, K, G, T, T)."""
    model = small_llama()
    model.set_attn_implementation("eager")
    with torch.inference_mode():
        output = model(input_ids=torch.tensor([TOKENS]), output_attentions=True)
    return torch.cat(output.attentions).view(LAYERS, KEPT, GROUP, len(TOKENS), len(TOKENS))


def received(attention: Tensor, layer: int, head: int, key: int, first_query: int) -> float:
    """Give what a key receives from the queries from one on, the mean of the group's heads."""
    return float(attention[layer, head, :, first_query:, key].sum()) / GROUP


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_snapkv_pools_what_the_window_attends_to(attention: Tensor, pooling: str) -> None:
    found, _ = scored(Snapkv(pooling=pooling, kernel=5, window=WINDOW))
    count = len(TOKENS)
    for layer in range(LAYERS):
        for head in range(KEPT):
            plain = [received(attention, layer, head, key, count - WINDOW) / WINDOW for key in range(count)]
            for key in range(count):
                near = plain[max(key - 2, 0) : key + 3]
                wanted = max(near) if pooling == "max" else sum(near) / 5
                assert float(found[layer, head, key]) == pytest.approx(wanted, abs=1e-5)


def test_keydiff_is_one_less_the_cosine_with_the_mean_direction() -> None:
    found, cache = scored(Keydiff())
    for layer in range(LAYERS):
        for head, keys in enumerate(cache.layers[layer].keys):
            mean = sum(key / key.norm() for key in keys) / len(keys)
            for place, key in enumerate(keys):
                wanted = 1 - float(key @ mean / (key.norm() * mean.norm()))
                assert float(found[layer, head, place]) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("combine", ["sum", "max"])
def test_ems_joins_the_windows_attention_and_all_of_it_at_one_mean(attention: Tensor, combine: str) -> None:
    found, _ = scored(Ems(combine=combine, window=WINDOW))
    count = len(TOKENS)
    for layer in range(LAYERS):
        for head in range(KEPT):
            near = [received(attention, layer, head, key, count - WINDOW) / WINDOW for key in range(count)]
            far = [received(attention, layer, head, key, 0) for key in range(count)]
            factor = sum(near) / sum(far)
            for key in range(count):
                parts = near[key], far[key] * factor
                wanted = sum(parts) if combine == "sum" else max(parts)
                assert float(found[layer, head, key]) == pytest.approx(wanted, abs=1e-5)


def test_expected_is_the_mean_weight_under_normal_queries_times_the_length_of_the_value() -> None:
    found, cache = scored(Expected(window=WINDOW))
    turn = mean_rotation(range(len(TOKENS), len(TOKENS) + 512))
    for layer, queries in enumerate(plain_queries()):
        for head in range(KEPT):
            keys = cache.layers[layer].keys[head].double()
            weights = []
            for asked in queries[head * GROUP : (head + 1) * GROUP]:
                mean = turn @ asked.mean(dim=0)
                spread = turn @ torch.cov(asked.T, correction=0) @ turn.T
                exponents = [
                    float(key @ mean) / SIZE**0.5 + float(key @ spread @ key) / (2 * SIZE) for key in keys
                ]
                total = sum(map(math.exp, exponents))
                weights.append([math.exp(each) / total for each in exponents])
            for place, value in enumerate(cache.layers[layer].values[head]):
                wanted = sum(each[place] for each in weights) / GROUP * float(value.norm())
                assert float(found[layer, head, place]) == pytest.approx(wanted, rel=1e-3, abs=1e-6)


def plain_queries() -> list[Tensor]:
    """Give each layer's (H, T, D) float64 queries before rotation."""
    model = small_llama()
    given: list[Tensor] = []

    def note(_: object, __: object, queries: Tensor) -> None:
        given.append(queries[0].double().view(len(TOKENS), KEPT * GROUP, SIZE).transpose(0, 1))

    for layer in model.model.layers:
        layer.self_attn.q_proj.register_forward_hook(note)
    with torch.inference_mode():
        model(input_ids=torch.tensor([TOKENS]), use_cache=False)
    return given


def mean_rotation(positions: range) -> Tensor:
    """Give (D, D) float64, pair by pair: numbers i and i + D / 2 turn together."""
    config: Any = small_llama().config
    base, half = config.rope_parameters["rope_theta"], SIZE // 2
    turn = torch.zeros(SIZE, SIZE, dtype=torch.float64)
    for pair in range(half):
        for position in positions:
            angle = position * base ** (-2 * pair / SIZE)
            turn[pair, pair] += math.cos(angle)
            turn[pair, pair + half] -= math.sin(angle)
            turn[pair + half, pair] += math.sin(angle)
            turn[pair + half, pair + half] += math.cos(angle)
    return turn / len(positions)
