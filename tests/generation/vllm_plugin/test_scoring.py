import json
from pathlib import Path
from typing import Any

import pytest

from rag.core.errors import InvalidInputError
from rag.core.registry import Family
from rag.generation.vllm_plugin.scoring import POLICIES, REFUSED, Compressor


def compressor(policy: str, budget: float = 0.5, **settings: Any) -> Compressor:
    return Compressor(policy, budget, settings, num_heads=3, block_size=32)


def test_every_policy_of_the_decoding_engine_is_served_or_refused_with_a_reason() -> None:
    assert set(POLICIES) | set(REFUSED) == set(Family("rag.generation.kv").names())
    assert not set(POLICIES) & set(REFUSED)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_served_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(InvalidInputError, match=name):
        compressor(name)


@pytest.mark.parametrize("allocation", ["model", "pyramid", "prefix"])
def test_layers_cannot_have_budgets_of_their_own(allocation: str) -> None:
    with pytest.raises(InvalidInputError, match=r"share one block table.*uniform, heads"):
        compressor("snapkv", allocation=allocation)


def test_prefixkvs_own_division_is_refused_and_its_score_is_not() -> None:
    with pytest.raises(InvalidInputError, match="share one block table"):
        compressor("prefixkv")
    assert compressor("prefixkv", allocation="uniform").needs_all


def test_an_unknown_policy_and_unknown_settings_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="no policy 'best' in vLLM; choose one of: critic"):
        compressor("best")
    with pytest.raises(InvalidInputError, match=r"kv settings of snapkv: .*colour"):
        compressor("snapkv", colour="red")
    with pytest.raises(InvalidInputError, match="kv-cache-dtype"):
        compressor("snapkv", bits=4)
    with pytest.raises(InvalidInputError, match="at most 32 tokens, got 64"):
        compressor("snapkv", window=64)


def test_razor_needs_its_heads_and_room_for_one() -> None:
    with pytest.raises(InvalidInputError, match="retrieval_heads"):
        compressor("razor")
    with pytest.raises(InvalidInputError, match=r"at least 0\.33, got 0\.25"):
        compressor("razor", 0.25, heads="nowhere.json")


def test_razor_gives_its_heads_everything_that_fits(tmp_path: Path) -> None:
    path = tmp_path / "heads.json"
    path.write_text(json.dumps({"echo": [[0, 0, 0], [1, 2, 0]], "induction": [[0, 0, 0], [1, 0, 0]]}))
    razor = compressor("razor", 0.5, heads=str(path), share=0.4)
    assert razor.retrieving == {1: [0, 1]}
    assert razor.has_biases
