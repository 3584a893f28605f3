"""The feedback reformulator, by its laws; the shipped one on real sets where they are there."""

import torch
from torch import nn
from torch.nn import functional as F

from rag.networks.feedback import Reformulator


def network(*, trained: bool = True) -> Reformulator:
    torch.manual_seed(0)
    made = Reformulator(12, width=8)
    if trained:
        nn.init.normal_(made.weight.weight)
    return made.eval()


def vectors(*shape: int) -> torch.Tensor:
    return F.normalize(torch.randn(*shape), dim=-1)


def test_it_starts_as_the_identity() -> None:
    questions = vectors(4, 12)
    moved = network(trained=False)(questions, vectors(4, 3, 12), torch.ones(4, 3, dtype=torch.bool))
    torch.testing.assert_close(moved, questions)


def test_without_passages_nothing_moves() -> None:
    question = vectors(12).numpy()
    moved = network().moved(question, vectors(1, 12).numpy()[:0])
    torch.testing.assert_close(torch.from_numpy(moved), torch.from_numpy(question))


def test_the_order_of_the_passages_changes_nothing() -> None:
    one, question, passages = network(), vectors(12).numpy(), vectors(3, 12).numpy()
    torch.testing.assert_close(
        torch.from_numpy(one.moved(question, passages)),
        torch.from_numpy(one.moved(question, passages[[2, 0, 1]])),
    )


def test_passages_that_are_not_there_change_nothing_and_a_batch_equals_a_loop() -> None:
    one, questions, passages = network(), vectors(2, 12), vectors(2, 3, 12)
    is_there = torch.tensor([[True, True, True], [True, False, False]])
    moved = one(questions, passages, is_there)
    torch.testing.assert_close(
        torch.from_numpy(one.moved(questions[0].numpy(), passages[0].numpy())), moved[0]
    )
    torch.testing.assert_close(
        torch.from_numpy(one.moved(questions[1].numpy(), passages[1, :1].numpy())), moved[1]
    )


def test_what_comes_out_has_unit_norm() -> None:
    moved = network()(vectors(5, 12), vectors(5, 4, 12), torch.ones(5, 4, dtype=torch.bool))
    torch.testing.assert_close(moved.norm(dim=1), torch.ones(5))
