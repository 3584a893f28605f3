"""Budgets are divided exactly, and as each way promises."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rag.generation.kv._allocation import ALLOCATIONS, calibrated, prefix, pyramid, spread


def scores(seed: int = 0) -> Tensor:
    """Give (4, 3, 50) scores that fall at another rate in each layer; 4 places must stay."""
    random = torch.Generator().manual_seed(seed)
    steep = torch.tensor([1.0, 3.0, 6.0, 12.0])[:, None, None]
    drawn = torch.rand(4, 3, 50, generator=random) ** steep
    drawn[..., :2] = torch.inf
    drawn[..., -2:] = torch.inf
    return drawn


@pytest.mark.parametrize("name", ALLOCATIONS)
@pytest.mark.parametrize("total", [1, 7, 100, 149, 299, 451, 599, 600])
def test_counts_sum_to_the_budget_and_no_head_holds_more_than_there_is(name: str, total: int) -> None:
    counts = ALLOCATIONS[name](scores(), total)
    assert counts.shape == (4, 3)
    assert int(counts.sum()) == total
    assert int(counts.min()) >= 0
    assert int(counts.max()) <= 50


@pytest.mark.parametrize("allocate", [*ALLOCATIONS.values(), calibrated(torch.tensor([90.0, 8, 1, 1]))])
@pytest.mark.parametrize("total", [48, 49, 100, 450, 600])
def test_what_must_stay_stays_in_every_layer(allocate: Callable[[Tensor, int], Tensor], total: int) -> None:
    counts = allocate(scores(), total)
    assert int(counts.sum()) == total
    assert int(counts.min()) >= 4


def mass(counts: Tensor) -> Tensor:
    """Give what share of its score each layer keeps, the mean of its heads, without what must stay."""
    drawn = scores()[..., 2:-2].mean(dim=1).sort(dim=-1, descending=True).values
    places = (counts.float().mean(dim=1).round().long() - 4).clamp_min(0)
    held = torch.stack([row[:count].sum() for row, count in zip(drawn, places, strict=True)])
    return held / drawn.sum(dim=-1)


def test_prefix_keeps_the_same_share_in_every_layer_to_within_a_token() -> None:
    counts = prefix(scores(), 300)
    drawn = scores()[..., 2:-2].mean(dim=1)
    token = float((drawn.max(dim=-1).values / drawn.sum(dim=-1)).max())
    shares = mass(counts)
    assert float(shares.max() - shares.min()) <= token


def test_the_layer_that_loses_most_loses_less_by_prefix_than_by_others() -> None:
    least = {name: float(mass(ALLOCATIONS[name](scores(), 300)).min()) for name in ALLOCATIONS}
    assert least["prefix"] >= least["uniform"]
    assert least["prefix"] >= least["pyramid"]


def test_a_pyramid_narrows() -> None:
    by_layer = pyramid(scores(), 240).sum(dim=1)
    assert by_layer.tolist() == sorted(by_layer.tolist(), reverse=True)


def test_shares_found_on_one_text_serve_another() -> None:
    counts = calibrated(torch.tensor([4.0, 3.0, 2.0, 1.0]))(scores(1), 120)
    assert counts.sum(dim=1).tolist() == [48, 36, 24, 12]


def test_what_does_not_fit_goes_to_the_others() -> None:
    assert spread(9, torch.tensor([100.0, 1.0, 1.0]), 4).tolist() == [4, 3, 2]
