"""Plans are those that were published, and change nothing within the length of training."""

import numpy as np
import pytest
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from rag.scoring.rope_plans import PLANS, Rotary, distributional, disturbance

LLAMA2 = Rotary(size=128, base=10_000.0, window=4096)
SMOLLM2 = Rotary(size=64, base=100_000.0, window=8192)


@pytest.mark.parametrize("name", PLANS)
def test_at_the_length_of_training_nothing_changes(name: str) -> None:
    plan = PLANS[name](SMOLLM2, 1.0)
    np.testing.assert_allclose(plan.angles, SMOLLM2.angles, rtol=1e-12)
    assert plan.logit_factor == 1
    assert set(plan.growth(np.arange(8192)).tolist()) == {1.0}


@pytest.mark.parametrize(("name", "theirs"), [("interpolation", "linear"), ("yarn", "yarn")])
@pytest.mark.parametrize("factor", [2.0, 4.0])
def test_the_angles_are_those_of_transformers(name: str, theirs: str, factor: float) -> None:
    config = LlamaConfig(
        hidden_size=512,
        num_attention_heads=4,
        max_position_embeddings=round(4096 * factor),
        rope_parameters={
            "rope_type": theirs,
            "rope_theta": 10_000.0,
            "factor": factor,
            "original_max_position_embeddings": 4096,
        },
    )
    angles, each = ROPE_INIT_FUNCTIONS[theirs](config)
    plan = PLANS[name](LLAMA2, factor)
    np.testing.assert_allclose(plan.angles, angles.numpy(), rtol=1e-5)
    assert plan.logit_factor == pytest.approx(each**2)


def test_ntk_leaves_the_fastest_pair_and_interpolates_the_slowest() -> None:
    angles = PLANS["ntk"](LLAMA2, 4.0).angles / LLAMA2.angles
    assert angles[0] == 1
    assert angles[-1] == pytest.approx(1 / 4)
    assert (np.diff(angles) < 0).all()


def test_logits_grow_by_the_logarithm_of_the_position() -> None:
    plan = PLANS["entropy_abf"](LLAMA2, 4.0)
    assert plan.angles[1] == pytest.approx(500_000 ** (-1 / 64))
    assert plan.growth(np.array([0, 4095, 16_383])).tolist() == pytest.approx([1, 1, 14 / 12])


@pytest.mark.parametrize(
    ("length", "pairs", "interpolated", "least"), [(8192, 40, 24.08, 6.71), (16_384, 32, 33.67, 22.92)]
)
def test_disturbances_are_near_the_published_ones(
    length: int, pairs: int, interpolated: float, least: float
) -> None:
    factor = length / LLAMA2.window
    ours = 1e3 * disturbance(LLAMA2, distributional(LLAMA2, factor, interpolated=pairs).angles, length)
    by_name = {
        name: 1e3 * disturbance(LLAMA2, PLANS[name](LLAMA2, factor).angles, length) for name in PLANS
    }
    assert ours == pytest.approx(least, rel=0.2)
    assert by_name["interpolation"] == pytest.approx(interpolated, rel=0.2)
    assert ours < min(by_name["interpolation"], by_name["yarn"])
    assert by_name["distributional"] <= ours
    assert by_name["interpolation"] < 1e3 * disturbance(LLAMA2, LLAMA2.angles, length)


def test_all_pairs_that_gain_are_92_of_128_features() -> None:
    assert 2 * int((PLANS["distributional"](LLAMA2, 2.0).angles < LLAMA2.angles).sum()) == 92
