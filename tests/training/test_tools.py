"""Alignment of requests and tools, by its laws."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from rag.encoders.hashing import Hashing
from rag.retrieval._tool_index import tool_vectors
from rag.scoring.tools import Tool
from rag.training._tools_data import Catalogue
from rag.training._tools_rewriter import Preference, Rewriter, dpo_loss, preferences, reference
from rag.training.tools import Recipe, contrastive_loss, trained


class Letters:
    """A tokenizer of single letters."""

    eos_token_id = 0

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        return [1 + ord(letter) % 60 for letter in text]

    def apply_chat_template(self, messages: Any, **_: object) -> str:
        content: str = messages[0]["content"]
        return content

    def batch_decode(self, rows: Any, **_: object) -> list[str]:
        return ["".join(chr(65 + token) for token in row) for row in rows.tolist()]


@pytest.fixture
def rewriter() -> Rewriter:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    return Rewriter(LlamaForCausalLM(config), Letters(), rank=4)


def test_the_dpo_loss_is_log_two_where_nothing_was_learned() -> None:
    same = torch.randn(5, 2)
    assert dpo_loss(same, same, beta=0.1).item() == pytest.approx(math.log(2))


def test_the_dpo_gradient_raises_the_chosen_and_lowers_the_rejected() -> None:
    policy = torch.zeros(1, 2, requires_grad=True)
    torch.autograd.backward(dpo_loss(policy, torch.zeros(1, 2), beta=0.5))
    assert policy.grad is not None
    assert policy.grad.tolist() == [[-0.25, 0.25]]


def test_adapters_start_as_the_model_was(rewriter: Rewriter) -> None:
    policy = rewriter.log_probability("weather", "forecast")
    with reference(rewriter.adapters):
        assert torch.equal(policy, rewriter.log_probability("weather", "forecast"))


def test_learning_prefers_the_chosen_rewrite_and_leaves_the_reference(rewriter: Rewriter) -> None:
    pair = Preference("weather", "forecast", "banana")
    with reference(rewriter.adapters):
        before = rewriter.log_probability(pair.request, pair.chosen).item()
    losses = rewriter.learn([pair] * 30, rate=1e-2, beta=0.5)
    assert losses[0] == pytest.approx(math.log(2), abs=1e-5)
    assert losses[-1] < 0.3
    with reference(rewriter.adapters):
        assert rewriter.log_probability(pair.request, pair.chosen).item() == before


def test_rewrites_are_texts(rewriter: Rewriter) -> None:
    assert all(isinstance(text, str) for text in rewriter.rewrites("weather", 2, max_tokens=3))


def test_the_rewrite_that_ranks_the_tools_better_is_preferred() -> None:
    scores = {"plain": [0.2, 0.9], "good": [0.9, 0.1], "same": [0.1, 0.9]}
    found = preferences(
        [("plain", [0])], lambda _: ["good", "same"], lambda text: np.array(scores[text], dtype=np.float32)
    )
    assert found == [Preference("plain", "good", "same")]


def test_a_rewrite_that_finds_no_tool_is_not_preferred() -> None:
    scores = {"plain": [0.2, 0.9], "nothing": [0.0, 0.0], "good": [0.9, 0.1]}
    found = preferences(
        [("plain", [0])],
        lambda _: ["nothing", "good"],
        lambda text: np.array(scores[text], dtype=np.float32),
    )
    assert [each.chosen for each in found] == ["good"]
    assert preferences([("plain", [0])], lambda _: ["nothing"], lambda text: np.array(scores[text])) == []


def test_requests_whose_rewrites_rank_alike_teach_nothing() -> None:
    equal = SimpleNamespace(scores=np.array([0.2, 0.1], dtype=np.float32))
    assert preferences([("plain", [0])], lambda _: ["other"], lambda _: equal.scores) == []


def test_the_contrastive_loss_counts_no_needed_tool_as_a_negative() -> None:
    scores, wanted = torch.tensor([[0.9, 0.9, -1.0]]), torch.tensor([[True, True, False]])
    assert contrastive_loss(scores, wanted, temperature=0.05).item() == pytest.approx(0.0, abs=1e-6)
    assert contrastive_loss(scores, ~wanted, temperature=0.05).item() > 30


def test_training_brings_requests_nearer_to_their_tools() -> None:
    tools = [Tool("alpha", "one two"), Tool("beta", "three four"), Tool("gamma", "five six")]
    requests = ["red green", "blue black", "white grey"]  # no word is shared with any tool
    encoder = Hashing(dim=256)
    found = trained(
        Recipe(rank=8, epochs=60, stay=0.0), [Catalogue(tools, requests, [[0], [1], [2]])], encoder
    )

    scores = found.queries(encoder.encode(requests)) @ found.tools(tool_vectors(tools, encoder)).T
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
