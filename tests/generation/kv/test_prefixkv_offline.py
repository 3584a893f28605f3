"""PrefixKV's shares found once: the same as online on the text they were found on, and kept."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from _small_llama import small_llama, text
from torch import Tensor

from rag.generation.kv._calibration import read
from rag.generation.kv._policy import Reading
from rag.generation.kv.prefixkv import Prefixkv
from rag.generation.kv.prefixkv_offline import PrefixkvOffline

OURS = text(120, seed=8)


@pytest.fixture(scope="module")
def model() -> Any:
    return small_llama()


def counts(policy: Prefixkv, model: Any, token_ids: list[int], folder: Path | None = None) -> Tensor:
    seen = policy.observe(model)
    cache = read(model, token_ids, seen)
    reading = Reading(model, token_ids, seen, calibration_ids=OURS, folder=folder)
    return policy.counts(policy.protected(policy.scores(cache, reading)), reading)


@pytest.mark.parametrize("budget", [0.35, 0.5, 0.77])
def test_on_the_text_it_was_found_on_the_budgets_are_those_of_online(model: Any, budget: float) -> None:
    offline, online = (counts(kind(budget, window=8), model, OURS) for kind in (PrefixkvOffline, Prefixkv))
    assert torch.equal(offline, online)
    assert len(set(offline.sum(dim=1).tolist())) > 1  # layers differ


def test_on_another_text_layers_share_as_on_ours(model: Any) -> None:
    on_ours, on_other = (counts(PrefixkvOffline(0.5, window=8), model, each) for each in (OURS, text(60)))
    assert torch.allclose(on_ours.sum(dim=1) / 120, on_other.sum(dim=1) / 60, atol=1 / 60)
    assert not torch.equal(on_other, counts(Prefixkv(0.5, window=8), model, text(60)))


def test_shares_are_found_once_a_budget(model: Any, tmp_path: Path) -> None:
    for budget in (0.5, 0.5, 0.4):
        counts(PrefixkvOffline(budget, window=8), model, text(60), tmp_path)
    (path,) = tmp_path.iterdir()
    assert sorted(json.loads(path.read_text())) == ["0.4 of 4 and 8", "0.5 of 4 and 8"]
    path.write_text(json.dumps({"0.5 of 4 and 8": [1, 2, 3]}))
    found = counts(PrefixkvOffline(0.5, window=8), model, text(60), tmp_path)
    assert found.sum(dim=1).tolist() == [30, 60, 90]
