"""The signals of ATLAS, against loops over its formulas."""

import numpy as np
import pytest

from rag.core.types import Vector
from rag.scoring.adaptive import layer_weights, load_factor, mlag, relevance

LAYERS, HEADS, TOKENS = 4, 3, 5


def numbers(*values: float) -> Vector:
    return np.array(values, dtype=np.float32)


@pytest.fixture
def attention() -> Vector:
    rows = np.tril(np.random.default_rng(0).random((LAYERS, HEADS, TOKENS, TOKENS)))
    causal: Vector = (rows / rows.sum(axis=-1, keepdims=True)).astype(np.float32)
    return causal


def test_mlag_is_what_a_loop_over_its_formulas_gives(attention: Vector) -> None:
    chances, content = numbers(0.9, 0.2, 0.5, 0.4, 0.1), numbers(1, 1, 0, 1, 1)
    entropies = numbers(0.5, 1.0, 1.5)

    def most(layer: int, head: int, token: int) -> float:
        return max(
            (attention[layer, head, later, token] for later in range(token + 1, TOKENS)), default=0.0
        )

    def received(layer: int, token: int) -> float:
        each = [sum(most(layer, head, at) for head in range(HEADS)) for at in range(token + 1)]
        return each[-1] / max(each)

    expected = []
    for token in range(TOKENS):
        gradient = sum(
            layer / (LAYERS - 1) * abs(received(layer, token) - received(layer - 1, token))
            for layer in range(1, LAYERS)
        )
        heads = sum(
            entropies[head] / entropies.sum() * most(LAYERS - 1, head, token) for head in range(HEADS)
        )
        expected.append(0.8 * gradient * (1 - chances[token]) * heads * content[token])
    found = mlag(attention, chances, content, entropies=entropies)
    assert found == pytest.approx(np.array(expected), abs=1e-6)
    assert found[2] == 0.0


def test_what_nothing_later_looks_at_raises_no_doubt(attention: Vector) -> None:
    doubts = mlag(attention, numbers(*[0] * TOKENS), numbers(*[1] * TOKENS), entropies=numbers(1, 1, 1))
    assert doubts[-1] == 0.0
    assert doubts[:-1].max() > 0


def test_a_sure_token_raises_no_doubt(attention: Vector) -> None:
    assert not mlag(
        attention, numbers(*[1] * TOKENS), numbers(*[1] * TOKENS), entropies=numbers(1, 1, 1)
    ).any()


def test_a_doubt_counts_less_the_more_room_is_used(attention: Vector) -> None:
    factors = [load_factor(load) for load in (0.0, 0.3, 1.0)]
    assert factors == sorted(factors, reverse=True)
    full, empty = (
        mlag(
            attention, numbers(*[0] * TOKENS), numbers(*[1] * TOKENS), entropies=numbers(1, 1, 1), load=load
        )
        for load in (1.0, 0.0)
    )
    assert full == pytest.approx(empty * np.exp(-4.0))


def test_relevance_is_attention_by_layer_and_likeness_of_states() -> None:
    rows = np.random.default_rng(1).random((6, HEADS, 2), dtype=np.float32)
    states, state = np.stack([numbers(1, 0), numbers(1, 1)]), numbers(0, 2)
    looked = sum(layer_weights(6)[layer] * rows[layer].mean(axis=0) for layer in range(6))
    assert relevance(rows, states, state) == pytest.approx(
        0.7 * looked + 0.3 * np.array([0.0, 0.5**0.5]), abs=1e-6
    )
