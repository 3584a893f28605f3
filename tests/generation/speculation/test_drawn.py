"""Proposers that draw from a smaller model leave what is written distributed as without them."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from rag.generation.backends._choice import TokenChoice
from rag.generation.speculation._decoding import decode
from rag.generation.speculation._drafts import ROOT, Draft, Proposer, State
from rag.generation.speculation.draft import DraftModel
from rag.generation.speculation.dyspec import Dyspec
from rag.generation.speculation.rsd import Rsd

SIZE = 6
SAMPLES = 40_000
RANDOM = torch.Generator().manual_seed(2)
TARGET = torch.randn(SIZE, SIZE, generator=RANDOM, dtype=torch.float64) * 1.2  # (last, next) logits
DRAFTER = TARGET + torch.randn(SIZE, SIZE, generator=RANDOM, dtype=torch.float64)


def next_logits(sequences: Sequence[Sequence[int]]) -> Tensor:
    return DRAFTER[[each[-1] for each in sequences]]


class Uncut:
    def keep(self, new: int, path: Sequence[int]) -> None:
        """There is nothing to cut: a token depends on the one before alone."""


def read(token_ids: Sequence[int], draft: Draft) -> Tensor:
    return TARGET[list(token_ids)]


DRAWN: dict[str, Callable[[], Proposer]] = {
    "chain": lambda: DraftModel(next_logits, 3),
    "constant": lambda: Rsd(next_logits, (3, 2)),
    "beam": lambda: Rsd(next_logits, (3, 3), kind="beam"),
    "dyspec": lambda: Dyspec(next_logits, 6),
}


@pytest.mark.parametrize("name", DRAWN)
def test_three_tokens_have_the_distribution_of_plain_sampling(name: str) -> None:
    proposer = DRAWN[name]()
    choice = TokenChoice(temperature=0.8, seed=1)
    counts = torch.zeros(SIZE, SIZE, SIZE, dtype=torch.float64)
    for _ in range(SAMPLES):
        state = State([0], choice.temperature, choice.random)
        first, second, third = decode(
            read, cache=Uncut(), proposer=proposer, choice=choice, state=state, max_tokens=3
        )
        counts[first, second, third] += 1
    law = torch.softmax(TARGET / 0.8, dim=-1)
    expected = SAMPLES * law[0][:, None, None] * law[:, :, None] * law[None]
    is_small = expected < 5
    cells = torch.cat([counts[~is_small], counts[is_small].sum()[None]])
    means = torch.cat([expected[~is_small], expected[is_small].sum()[None]])
    freedom = len(cells) - 1
    chi_square = float(((cells - means) ** 2 / means).sum())
    assert abs(chi_square - freedom) / (2 * freedom) ** 0.5 < 4


def reached(draft: Draft) -> float:
    """Give how many tokens of a tree are expected to be accepted, where the drafter is right."""
    law = torch.softmax(DRAFTER, dim=-1)
    chances: list[float] = []
    for place, parent in enumerate(draft.parents):
        before = 0 if parent == ROOT else draft.token_ids[parent]
        above = 1.0 if parent == ROOT else chances[parent]
        chances.append(above * float(law[before, draft.token_ids[place]]))
    return sum(chances)


def best(size: int) -> float:
    """Give the greatest of any tree of so many tokens: chances fall along branches, so greedily."""
    law = torch.softmax(DRAFTER, dim=-1)
    open_places = [(float(law[0, token]), token) for token in range(SIZE)]
    total = 0.0
    for _ in range(size):
        chance, token = max(open_places)
        open_places.remove((chance, token))
        open_places += [(chance * float(law[token, other]), other) for other in range(SIZE)]
        total += chance
    return total


@pytest.mark.parametrize("size", [1, 3, 6])
def test_the_greedy_tree_is_the_best_of_its_size(size: int) -> None:
    draft = Dyspec(next_logits, size).propose(State([0]))
    assert len(draft) == size
    assert reached(draft) == pytest.approx(best(size))


def test_siblings_differ_and_a_beam_keeps_its_width() -> None:
    state = State([0], 1.0, torch.Generator().manual_seed(0))
    for _ in range(50):
        constant = Rsd(next_logits, (3, 2)).propose(state)
        assert [constant.depths().count(depth) for depth in (1, 2)] == [3, 6]
        beam = Rsd(next_logits, (3, 3), kind="beam").propose(state)
        assert [beam.depths().count(depth) for depth in (1, 2)] == [3, 3]
        assert len(set(constant.paths())) == len(constant)
        assert len(set(beam.paths())) == len(beam)


def test_drawing_without_replacement_accepts_more_than_with() -> None:
    law, target = torch.softmax(DRAFTER[0], 0), torch.softmax(TARGET[0], 0)
    rates = []
    for is_replaced in (True, False):
        random = torch.Generator().manual_seed(5)
        accepted = 0
        for _ in range(10_000):
            rest, left, tried = target, law, []
            drawn = torch.multinomial(law, 3, replacement=is_replaced, generator=random).tolist()
            for token in drawn:
                if float(torch.rand(1, generator=random)) < float(rest[token] / left[token]):
                    accepted += 1
                    break
                rest = (rest - left).clamp(min=0)
                rest = rest / rest.sum()
                if not is_replaced:
                    tried.append(token)
                    left = law.clone()
                    left[tried] = 0
                    left = left / left.sum()
        rates.append(accepted / 10_000)
    assert rates[1] > rates[0] + 0.01
