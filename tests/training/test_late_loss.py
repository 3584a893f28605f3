"""The losses of the late-interaction head, by their laws."""

import pytest
import torch
from torch import Tensor, nn

from rag.training._late_loss import Normalise, distillation, geometry, in_batch, maxima
from rag.training._optimisers import ScheduleFreeAdamW

NORMALISATIONS: tuple[Normalise, ...] = ("both", "teacher", "none")


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def kl(student: Tensor, teacher: Tensor, *, normalise: Normalise) -> Tensor:
    return distillation(student, teacher, loss="kl", normalise=normalise, temperature=0.1)


def test_maxima_equal_the_loop_over_passages() -> None:
    query, passages, lengths = random(5, 8), random(9, 8, seed=1), [2, 1, 6]
    wanted = [(part @ query.T).amax(dim=0) for part in torch.split(passages, lengths)]
    torch.testing.assert_close(maxima(query, passages, lengths), torch.stack(wanted))


def test_scaling_the_students_scores_changes_nothing_when_both_sides_are_normalised() -> None:
    student, teacher = random(3, 6), random(3, 6, seed=1)
    torch.testing.assert_close(
        kl(7 * student + 3, teacher, normalise="both"),
        kl(student, teacher, normalise="both"),
        rtol=1e-4,
        atol=1e-5,
    )


def test_each_normalisation_is_a_mode_of_its_own() -> None:
    student, teacher = random(3, 6), random(3, 6, seed=1)
    losses = [float(kl(student, teacher, normalise=each)) for each in NORMALISATIONS]
    assert len({round(loss, 3) for loss in losses}) == len(losses)


@pytest.mark.parametrize("loss", ["kl", "margin"])
def test_a_student_that_equals_its_teacher_has_no_loss(loss: str) -> None:
    scores = random(3, 6)
    found = distillation(
        scores, scores, loss="kl" if loss == "kl" else "margin", normalise="both", temperature=0.1
    )
    assert abs(float(found)) < 1e-6


def test_a_question_gets_no_gradient_from_another_ones_teacher() -> None:
    teacher = random(2, 6, seed=1)
    gradients = []
    for other in (teacher[1], random(6, seed=2)):
        student = random(2, 6).requires_grad_()
        torch.autograd.backward(kl(student, torch.stack([teacher[0], other]), normalise="both"))
        assert student.grad is not None
        gradients.append(student.grad[0])
    torch.testing.assert_close(gradients[0], gradients[1])


def test_geometry_is_kept_by_what_shifts_all_passages_alike() -> None:
    teacher, weights = random(4, 7), torch.ones(7) / 7
    assert float(geometry(teacher + random(7, seed=1), teacher, weights)) < 1e-10
    assert float(geometry(teacher + random(4, 7, seed=1), teacher, weights)) > 0.1


def test_equal_passages_of_a_batch_are_no_negatives() -> None:
    scores = random(2, 2)
    assert float(in_batch(scores, torch.ones(2, 2, dtype=torch.bool))) == 0
    assert float(in_batch(scores, torch.eye(2, dtype=torch.bool))) > 0


def test_maxima_of_weighted_queries_are_weighted() -> None:
    query, passages, weights = random(3, 8), random(5, 8, seed=1), torch.tensor([0.5, 2.0, 0.1])
    torch.testing.assert_close(
        maxima(query * weights[:, None], passages, [2, 3]), maxima(query, passages, [2, 3]) * weights
    )


def test_schedule_free_evaluates_at_the_mean_of_its_steps() -> None:
    parameter = nn.Parameter(torch.tensor([4.0]))
    optimiser = ScheduleFreeAdamW([parameter], rate=0.5)
    visited = []
    for _ in range(3):
        parameter.grad = torch.ones(1)
        optimiser.step()
        visited.append(optimiser.state()["z"][0].clone())
    with optimiser.averaged():
        torch.testing.assert_close(parameter.detach(), torch.stack(visited).mean(dim=0))
