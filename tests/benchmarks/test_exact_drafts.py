"""Texts that drafters ask about side by side are read once, and passes counted so are those decoded."""

from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from benchmarks._exact_drafts import DRAFTERS, Asking
from benchmarks._speculation_prompts import Asked
from benchmarks._speculation_runs import replayed
from rag.generation.speculation._decoding import decode
from rag.generation.speculation._drafts import Draft, Proposer, State

SIZE, LIMIT = 50, 40


class _Table:
    """A model that follows the last two tokens; a drafter has another seed, and is often right."""

    def __init__(self, noise: float) -> None:
        random = torch.Generator().manual_seed(5)
        self.logits = 3 * torch.randn(SIZE, SIZE, generator=random)
        self.logits += noise * torch.randn(SIZE, SIZE, generator=random)
        self.read: list[tuple[int, ...]] = []

    def __call__(self, *, input_ids: Tensor, **_: object) -> SimpleNamespace:
        self.read += [tuple(each) for each in input_ids.tolist()]
        return SimpleNamespace(logits=self.after(input_ids)[:, None])

    def after(self, token_ids: Tensor) -> Tensor:
        return self.logits[token_ids[:, -1]] + 0.1 * self.logits[token_ids[:, -2]]


class _Greedy:
    temperature, has_law, random = 0.0, False, torch.Generator()

    def choose(self, logits: Tensor) -> int:
        return int(logits.argmax())

    def law(self, logits: Tensor) -> Tensor:
        raise NotImplementedError

    def accept(self, token_id: int) -> None:
        pass

    def keep(self, new: int, path: Sequence[int]) -> None:
        pass


def _asked(count: int) -> list[Asked]:
    return [Asked(str(number), "a", tuple(range(number, number + 35))) for number in range(count)]


def _written(model: _Table, asked: Asked) -> list[int]:
    text = list(asked.token_ids)
    for _ in range(LIMIT):
        text.append(int(model.after(torch.tensor([text])).argmax()))
    return text[len(asked.token_ids) :]


def _decoded(target: _Table, asked: Asked, first: int, proposer: Proposer) -> tuple[list[int], int]:
    state, choice, passes = State([*asked.token_ids, first]), _Greedy(), 0

    def read(token_ids: Sequence[int], draft: Draft) -> Tensor:
        nonlocal passes
        passes += 1
        texts = [state.token_ids, *([*state.token_ids, *path] for path in draft.paths())]
        return torch.cat([target.after(torch.tensor([text])) for text in texts])

    steps = decode(read, cache=choice, proposer=proposer, choice=choice, state=state, max_tokens=LIMIT - 1)
    return list(steps), passes


@pytest.mark.parametrize("name", DRAFTERS)
def test_counted_side_by_side_is_counted_alone_and_decoded(name: str) -> None:
    target, drafter = _Table(0.0), _Table(1.5)
    answers = [(each, _written(target, each)) for each in _asked(6)]
    together, alone = Asking(drafter), Asking(_Table(1.5))

    def jobs(asking: Asking) -> list[partial[int]]:
        return [
            partial(replayed, each, answer, DRAFTERS[name](asking), limit=LIMIT) for each, answer in answers
        ]

    counted = together.together(jobs(together))
    assert len(drafter.read) == len(set(drafter.read))
    assert counted == [job() for job in jobs(alone)]
    assert max(counted) < LIMIT - 1
    for (each, answer), passes in zip(answers, counted, strict=True):
        ours = _decoded(target, each, answer[0], DRAFTERS[name](together))
        assert ours == (answer[1:], passes)


def test_what_is_remembered_has_the_law_of_the_likely_tokens() -> None:
    drafter = _Table(0.0)
    said = Asking(drafter)([[4, 7], [2, 9]])
    wanted = drafter.after(torch.tensor([[4, 7], [2, 9]]))
    likely = wanted.topk(32).indices
    laws = torch.softmax(said, dim=1), torch.softmax(wanted, dim=1)
    assert torch.allclose(laws[0].gather(1, likely), laws[1].gather(1, likely), atol=1e-6)
    assert torch.allclose(laws[0].sum(dim=1), torch.ones(2))


def test_a_failure_of_one_leaves_nobody_waiting() -> None:
    asking = Asking(_Table(0.0))

    def fails() -> int:
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        asking.together([fails, lambda: len(asking([[1, 2]]))])
