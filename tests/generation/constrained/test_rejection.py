"""Tokens under a condition have the model's law among those allowed; weights tell how many those are."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.generation.constrained.rejection import Check, drawn, first_allowed, ranked, weighed

SAMPLES = 10_000
Estimator = Callable[[NDArray[np.float64], Check, np.random.Generator], tuple[int | None, float]]


@dataclass
class Case:
    """A distribution and what of it is allowed."""

    law: NDArray[np.float64]
    allowed: NDArray[np.bool_]

    def check(self, token: int) -> bool:
        return bool(self.allowed[token])

    @property
    def wanted(self) -> NDArray[np.float64]:
        return self.law * self.allowed


def case(seed: int, *, size: int = 12, share: float = 0.5, total: float = 1.0) -> Case:
    random = np.random.default_rng(seed)
    law = random.dirichlet(np.full(size, 0.5)) * total
    allowed = random.random(size) < share
    allowed[random.integers(size)] = True
    return Case(law, allowed)


def ours(law: NDArray[np.float64], check: Check, random: np.random.Generator) -> tuple[int | None, float]:
    draw = weighed(np.log(law), check, random)
    return draw.token, math.exp(draw.log_weight)


def without_the_second(
    law: NDArray[np.float64], check: Check, random: np.random.Generator
) -> tuple[int | None, float]:
    """Estimate what is allowed from the first allowed token alone, which finds too much."""
    token, checks = first_allowed(drawn(np.log(law), random), check)
    return token, float(law.sum()) / checks


def means(estimator: Estimator, of: Case) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give (V,) the mean weight of each token, and how far chance may take it (one deviation)."""
    random = np.random.default_rng(5)
    sums, squares = np.zeros(len(of.law)), np.zeros(len(of.law))
    for _ in range(SAMPLES):
        token, weight = estimator(of.law, of.check, random)
        assert token is not None
        sums[token] += weight
        squares[token] += weight**2
    mean = sums / SAMPLES
    return mean, np.sqrt(np.maximum(squares / SAMPLES - mean**2, 1e-12) / SAMPLES)


CASES = [
    case(0, share=0.2),
    case(1),
    case(2, share=0.8),
    case(3, total=0.4),
    case(4, total=3.0),
    case(5, size=3, share=0.4),
]


@pytest.mark.parametrize("of", CASES, ids=range(len(CASES)))
def test_the_mean_weight_of_a_token_is_its_probability_where_it_is_allowed(of: Case) -> None:
    mean, deviation = means(ours, of)
    assert np.all(np.abs(mean - of.wanted) < 4 * deviation + 1e-9)
    assert np.all(np.abs(mean - of.wanted) <= 0.02 * of.law.sum())
    assert mean.sum() == pytest.approx(of.wanted.sum(), rel=0.02)


def test_a_broken_estimator_fails() -> None:
    mean, deviation = means(without_the_second, CASES[1])
    assert np.any(np.abs(mean - CASES[1].wanted) > 8 * deviation)
    assert mean.sum() > 1.1 * CASES[1].wanted.sum()


def z_score(counts: NDArray[np.float64], law: NDArray[np.float64]) -> float:
    """Give how far chi-square is above its mean, in deviations; cells that expect under 5 are one."""
    expected = law / law.sum() * counts.sum()
    small = expected < 5
    cells = np.append(counts[~small], counts[small].sum())
    hoped = np.append(expected[~small], expected[small].sum())
    cells, hoped = cells[hoped > 0], hoped[hoped > 0]
    freedom = len(cells) - 1
    return float((((cells - hoped) ** 2 / hoped).sum() - freedom) / (2 * freedom) ** 0.5)


def counted(draw: Callable[[np.random.Generator], int | None], size: int) -> NDArray[np.float64]:
    random = np.random.default_rng(9)
    counts = np.zeros(size)
    for _ in range(SAMPLES):
        token = draw(random)
        assert token is not None
        counts[token] += 1
    return counts


def test_one_draw_has_the_law_of_what_is_allowed() -> None:
    of = case(7, size=40)
    scores = np.log(of.law)
    once = counted(lambda random: first_allowed(drawn(scores, random), of.check)[0], 40)
    assert abs(z_score(once, of.wanted)) < 4
    weighted = counted(lambda random: weighed(scores, of.check, random).token, 40)
    assert abs(z_score(weighted, of.wanted)) < 4


def test_the_likeliest_that_are_drawn_from_have_another_law() -> None:
    of = case(7, size=40)
    cut = np.where(of.law >= np.sort(of.law)[-12], np.log(of.law), -np.inf)
    counts = counted(lambda random: first_allowed(drawn(cut, random), of.check)[0], 40)
    assert z_score(counts, of.wanted) > 8


@pytest.mark.parametrize("seed", range(20))
def test_the_first_of_the_ranked_is_the_likeliest_allowed(seed: int) -> None:
    of = case(seed, size=30)
    token, checks = first_allowed(ranked(np.log(of.law)), of.check)
    assert token == of.wanted.argmax()
    assert checks == 1 + np.sum(of.law > of.law[token])


def test_no_token_is_asked_about_twice() -> None:
    asked: list[int] = []

    def check(token: int) -> bool:
        asked.append(token)
        return token == 3

    draw = weighed(np.log(np.full(8, 1 / 8)), check, np.random.default_rng(0))
    assert (draw.token, draw.checks) == (3, len(asked))
    assert len(set(asked)) == len(asked)


def test_tokens_without_probability_are_never_drawn_or_asked_about() -> None:
    scores = np.array([-np.inf, 0.0, -np.inf, -1.0])
    assert list(ranked(scores)) == [1, 3]
    assert sorted(drawn(scores, np.random.default_rng(0))) == [1, 3]
    assert list(ranked(np.full(4, -np.inf))) == []
    draw = weighed(scores, lambda token: token in (0, 2), np.random.default_rng(0))
    assert (draw.token, draw.log_weight, draw.checks) == (None, -math.inf, 2)


def test_where_nothing_is_found_in_so_many_checks_there_is_no_token() -> None:
    scores = -np.arange(100.0)
    assert first_allowed(ranked(scores), lambda token: token == 60, max_checks=50) == (None, 50)
    assert first_allowed(ranked(scores), lambda token: token == 60, max_checks=61) == (60, 61)
    draw = weighed(scores, lambda token: token == 99, np.random.default_rng(0), max_checks=50)
    assert (draw.token, draw.log_weight, draw.checks) == (None, -math.inf, 50)


def test_what_is_nearly_impossible_gets_a_weight_of_its_size() -> None:
    law = np.array([1 - 1e-9, 1e-9])
    random = np.random.default_rng(2)
    weights = [weighed(np.log(law), lambda token: token == 1, random) for _ in range(2000)]
    assert {draw.checks for draw in weights} == {2}
    assert np.mean([math.exp(draw.log_weight) for draw in weights]) == pytest.approx(1e-9, rel=0.2)
