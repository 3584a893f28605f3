"""Sampled tokens have the model's distribution whatever was drafted; broken verifiers are told apart."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rag.generation.backends._choice import TokenChoice
from rag.generation.speculation._drafts import ROOT, Draft
from rag.generation.speculation._verification import verify

SIZE = 40
SAMPLES = 40_000
SIBLINGS = 3
Verifier = Callable[[list[int], Tensor, Tensor, torch.Generator], int]


def laws(seed: int, *, likeness: float) -> tuple[Tensor, Tensor]:
    """Give a target and a draft distribution, (SIZE,) float64 each."""
    random = torch.Generator().manual_seed(seed)
    target = torch.randn(SIZE, generator=random, dtype=torch.float64) * 1.5
    other = torch.randn(SIZE, generator=random, dtype=torch.float64) * 1.5
    return target.softmax(0), (likeness * target + (1 - likeness) * other).softmax(0)


def drawn(law: Tensor, random: torch.Generator) -> list[int]:
    return torch.multinomial(law, SIBLINGS, replacement=False, generator=random).tolist()


def z_score(counts: Tensor, law: Tensor) -> float:
    """Give how far chi-square is above its mean, in deviations; cells that expect under 5 are one."""
    expected = law * counts.sum()
    small = expected < 5
    cells = torch.cat([counts[~small], counts[small].sum()[None]])
    means = torch.cat([expected[~small], expected[small].sum()[None]])
    cells, means = cells[means > 0], means[means > 0]
    freedom = len(cells) - 1
    return float((((cells - means) ** 2 / means).sum() - freedom) / (2 * freedom) ** 0.5)


def ours(tokens: list[int], target: Tensor, law: Tensor, random: torch.Generator) -> int:
    choice = TokenChoice(temperature=1.0, seed=0)
    choice.random = random
    draft = Draft(tuple(tokens), (ROOT,) * len(tokens), (law,) * len(tokens))
    logits = target.log().expand(len(tokens) + 1, SIZE)
    return next(iter(verify(draft, logits, choice)))[0]


def broken(*, renormalises: bool, has_residual: bool) -> Verifier:
    """Give a verifier that forgets to take siblings out of the draft's law, or to go on with the rest."""

    def tried(tokens: list[int], target: Tensor, law: Tensor, random: torch.Generator) -> int:
        rest, left = target, law
        for token in tokens:
            if float(torch.rand(1, generator=random)) < float(rest[token] / left[token]):
                return token
            if has_residual:
                rest = (rest - left).clamp(min=0)
                rest = rest / rest.sum()
            if renormalises:
                left = left.clone()
                left[token] = 0
                left = left / left.sum()
        return int(torch.multinomial(rest, 1, generator=random))

    return tried


def sampled(verifier: Verifier, target: Tensor, law: Tensor, draw: Callable[..., list[int]]) -> float:
    random = torch.Generator().manual_seed(1)
    counts = torch.zeros(SIZE, dtype=torch.float64)
    for _ in range(SAMPLES):
        counts[verifier(draw(law, random), target, law, random)] += 1
    return z_score(counts, target)


@pytest.mark.parametrize("likeness", [0.8, 0.4])
def test_drawn_siblings_leave_the_distribution_as_it_is(likeness: float) -> None:
    target, law = laws(7, likeness=likeness)
    assert abs(sampled(ours, target, law, drawn)) < 4


@pytest.mark.parametrize(
    ("verifier", "draw"),
    [
        (broken(renormalises=False, has_residual=True), drawn),
        (broken(renormalises=True, has_residual=False), drawn),
        (
            broken(renormalises=True, has_residual=True),
            lambda law, random: law.topk(SIBLINGS).indices.tolist(),
        ),
    ],
    ids=["not renormalised", "no residual", "likeliest instead of drawn"],
)
def test_a_broken_verifier_fails(verifier: Verifier, draw: Callable[..., list[int]]) -> None:
    target, law = laws(7, likeness=0.4)
    assert sampled(verifier, target, law, draw) > 8


def test_sure_tokens_leave_the_distribution_as_it_is() -> None:
    target, _ = laws(3, likeness=0.5)
    choice = TokenChoice(temperature=1.0, seed=2)
    draft = Draft((4, 9), (ROOT, ROOT))
    counts = torch.zeros(SIZE, dtype=torch.float64)
    for _ in range(SAMPLES):
        counts[next(iter(verify(draft, target.log().expand(3, SIZE), choice)))[0]] += 1
    assert abs(z_score(counts, target)) < 4


def test_sure_and_drawn_siblings_mix() -> None:
    target, law = laws(5, likeness=0.6)

    def mixed(tokens: list[int], target: Tensor, law: Tensor, random: torch.Generator) -> int:
        choice = TokenChoice(temperature=1.0, seed=0)
        choice.random = random
        rest = [token for token in tokens if token != 2]  # found, and drafted once
        draft = Draft((2, *rest), (ROOT,) * (1 + len(rest)), (None, *(law,) * len(rest)))
        return next(iter(verify(draft, target.log().expand(len(rest) + 2, SIZE), choice)))[0]

    assert abs(sampled(mixed, target, law, drawn)) < 4


def test_all_tokens_as_siblings_are_always_accepted() -> None:
    target, law = laws(9, likeness=0.3)
    random = torch.Generator().manual_seed(4)
    for _ in range(300):
        tokens = torch.multinomial(law, SIZE, replacement=False, generator=random).tolist()
        choice = TokenChoice(temperature=1.0, seed=0)
        choice.random = random
        draft = Draft(tuple(tokens), (ROOT,) * SIZE, (law,) * SIZE)
        _, place = next(iter(verify(draft, target.log().expand(SIZE + 1, SIZE), choice)))
        assert place is not None


def test_one_sibling_is_accepted_as_often_as_the_laws_overlap() -> None:
    target, law = laws(9, likeness=0.5)
    random = torch.Generator().manual_seed(4)
    accepted = 0
    for _ in range(20_000):
        token = int(torch.multinomial(law, 1, generator=random))
        choice = TokenChoice(temperature=1.0, seed=0)
        choice.random = random
        _, place = next(
            iter(verify(Draft((token,), (ROOT,), (law,)), target.log().expand(2, SIZE), choice))
        )
        accepted += place is not None
    overlap = float(torch.minimum(target, law).sum())
    assert accepted / 20_000 == pytest.approx(overlap, abs=0.015)
