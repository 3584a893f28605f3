"""A plan in a model: none where no more is to be read than it was trained on; else it turns as planned."""

from typing import Any

import numpy as np
import pytest
import torch
from _small_llama import small_llama, text
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from rag.core.errors import InvalidInputError
from rag.generation.backends._packing import pack_linears
from rag.generation.backends._rotary import extend_context, rotary_of, use_plan
from rag.generation.kv._heads import fingerprint
from rag.scoring.rope_plans import PLANS, Rotary


def logits(model: Any, token_ids: list[int]) -> Tensor:
    with torch.inference_mode():
        given: Tensor = model(input_ids=torch.tensor([token_ids])).logits[0]
    return given


@pytest.mark.parametrize("plan", PLANS)
def test_a_model_that_is_to_read_no_more_than_it_was_trained_on_stays_as_it_is(plan: str) -> None:
    plain, extended = small_llama(), small_llama()
    extend_context(extended, extended.config.max_position_embeddings, plan)
    assert torch.equal(logits(extended, text(30)), logits(plain, text(30)))


@pytest.mark.parametrize("plan", PLANS)
def test_a_model_that_is_to_read_more_reads_short_texts_as_planned_too(plan: str) -> None:
    plain, extended = small_llama(), small_llama()
    extend_context(extended, 4 * extended.config.max_position_embeddings, plan)
    assert not torch.allclose(logits(extended, text(30)), logits(plain, text(30)), atol=1e-4)


def test_what_is_found_out_of_a_model_is_kept_apart_for_each_plan_and_length() -> None:
    names = {fingerprint(small_llama())}
    for plan in PLANS:
        for factor in (2, 4):
            model = small_llama()
            extend_context(model, factor * model.config.max_position_embeddings, plan)
            names.add(fingerprint(model))
    assert len(names) == 2 * len(PLANS)  # none, and entropy_abf, which turns alike at every length


def test_packed_weights_leave_the_growth_of_logits_as_it_is() -> None:
    model = small_llama()
    use_plan(model, PLANS["entropy_abf"](Rotary(rotary_of(model).size, 1e9, window=16), 2.0))
    before = logits(model, text(30))
    pack_linears(model)
    assert torch.allclose(logits(model, text(30)), before, atol=1e-4)


def test_interpolation_is_positions_divided() -> None:
    model, other = small_llama(), small_llama()
    window = model.config.max_position_embeddings
    extend_context(model, 2 * window, "interpolation")
    with torch.inference_mode():
        places = torch.arange(0, 15, 0.5)[None]
        expected = other(input_ids=torch.tensor([text(30)]), position_ids=places).logits[0]
    assert torch.allclose(logits(model, text(30)), expected, atol=1e-5)


def test_logits_grow_beyond_the_window_and_not_within_it() -> None:
    """Entropy-ABF (section 4): with the base unchanged, no logit differs up to the window."""
    plain, grown = small_llama(), small_llama()
    rotary = rotary_of(grown)
    short = Rotary(rotary.size, 1e9, window=16)
    plan = PLANS["entropy_abf"](short, 2.0)
    use_plan(plain, type(plan)(plan.angles))
    use_plan(grown, plan)
    ours, other = logits(grown, text(30)), logits(plain, text(30))
    assert torch.allclose(ours[:16], other[:16], atol=1e-6)
    assert not torch.allclose(ours[20:], other[20:], atol=1e-6)
    np.testing.assert_allclose(plan.growth(np.array([15, 255])), [1, 2])


def test_more_tokens_than_the_model_knows_need_a_plan() -> None:
    model = small_llama()
    window = model.config.max_position_embeddings
    with pytest.raises(InvalidInputError, match=f"trained on {window}.*context_plan"):
        extend_context(model, window + 1, "none")


def test_a_model_without_rotary_positions_is_refused() -> None:
    model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=20, n_positions=32))
    with pytest.raises(InvalidInputError, match="gpt2"):
        extend_context(model, 64, "yarn")
