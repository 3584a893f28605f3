"""Training of the feedback reformulator, by its laws and on a small made pool."""

import math

import numpy as np
import pytest
import torch

from rag.core.types import Vector
from rag.training._feedback_data import Asked, Pool
from rag.training._feedback_loss import less_is_not_more, revision_loss
from rag.training.feedback import Recipe, trained


def test_the_regulariser_is_zero_where_losses_fall_with_more_feedback() -> None:
    assert less_is_not_more(torch.tensor([[3.0, 2.0], [2.0, 2.0], [1.0, 0.5]])).item() == 0.0
    assert less_is_not_more(torch.tensor([[3.0, 2.0]])).item() == 0.0


def test_its_gradient_reaches_both_revisions_of_a_question_that_got_worse() -> None:
    losses = torch.tensor([[1.0, 2.0], [1.5, 1.0]], requires_grad=True)
    torch.autograd.backward(less_is_not_more(losses))
    assert losses.grad is not None
    assert losses.grad.tolist() == [[-0.5, 0.0], [0.5, 0.0]]


def test_the_loss_is_of_the_hardest_positive_among_what_is_none() -> None:
    scores = torch.tensor([[0.9, 0.1, 0.5, 0.5]])
    positives = torch.tensor([[True, True, False, False]])
    expected = math.log(math.exp(0.1) + 2 * math.exp(0.5)) - 0.1
    assert revision_loss(scores, positives, temperature=1.0).item() == pytest.approx(expected)


def unit(vectors: np.ndarray) -> Vector:
    found: Vector = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return found


def made_pool() -> Pool:
    """Give questions whose answer is nearer to a passage beside it than to themselves."""
    chooser = np.random.default_rng(0)
    answers = unit(chooser.normal(size=(120, 16)))
    questions = unit(answers + 0.7 * unit(chooser.normal(size=(120, 16))))
    beside = unit(answers + 0.3 * unit(chooser.normal(size=(120, 16))))
    passages = np.concatenate((answers, beside))
    asked = [Asked(f"question {n}", (n,), "made", n % 4 == 0) for n in range(120)]
    return Pool(passages, questions, asked)


def loss(pool: Pool, moved: np.ndarray) -> float:
    positives = torch.zeros(len(moved), len(pool.passages), dtype=torch.bool)
    positives[torch.arange(len(moved)), [each.positives[0] for each in pool.asked]] = True
    return float(
        revision_loss(torch.from_numpy(moved @ pool.passages.T), positives, temperature=0.05).mean()
    )


@pytest.mark.parametrize("comparisons", [0, 1])
def test_feedback_is_learned_and_the_same_seed_gives_the_same_network(comparisons: int) -> None:
    pool = made_pool()
    recipe = Recipe(comparisons=comparisons, epochs=24, rate=5e-3, batch=30, width=8, depth=4, hidden=0.0)
    network = trained(recipe, pool)
    first = np.argsort(-(pool.questions @ pool.passages.T), axis=1)[:, :3]
    moved = np.stack(
        [
            network.moved(question, pool.passages[near])
            for question, near in zip(pool.questions, first, strict=True)
        ]
    )
    assert loss(pool, moved) < loss(pool, pool.questions)
    again = trained(recipe, pool)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))
