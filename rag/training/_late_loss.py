"""Losses that teach MaxSim scores: distillation of a teacher's scores over a question's candidates.

Source: Clavié, JaColBERTv2.5, 2024, section 4 (KL-divergence, min-max on both sides, no in-batch
negatives).
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

Loss = Literal["kl", "margin"]
Normalise = Literal["both", "teacher", "none"]
LEAST = -9999.0  # the similarity of padding, as in ColBERT


def maxima(query: Tensor, passages: Tensor, lengths: Sequence[int]) -> Tensor:
    """Give the best similarity of each of a query's tokens in each of N passages.

    Args:
        query: (T, D).
        passages: (sum of lengths, D), one after the other.
        lengths: the number of tokens of each passage.

    Returns:
        (N, T).
    """
    similarities = torch.split(passages @ query.T, list(lengths))
    padded = pad_sequence(
        list(similarities), batch_first=True, padding_value=LEAST
    )  # (N, T of passages, T)
    return padded.amax(dim=1)


def geometry(student: Tensor, teacher: Tensor, weights: Tensor) -> Tensor:
    """Give how far the maxima of projected states are from those of the states that they come from.

    What all passages share does not count: it changes no ranking. The error of each token, and five times
    that of their weighted sum.

    Args:
        student: (N, T) maxima of a query's tokens in its candidates.
        teacher: (N, T) the same of the unprojected states.
        weights: (T,) of the tokens.

    Returns:
        ().
    """
    error = (student - student.mean(dim=0)) - (teacher - teacher.mean(dim=0))
    return ((error**2) @ weights).mean() + 5 * ((error @ weights) ** 2).mean()


def min_max(scores: Tensor) -> Tensor:
    """Scale each row to 0..1 by its own range; a constant row gives zeros.

    >>> min_max(torch.tensor([[3.0, 5.0, 4.0], [2.0, 2.0, 2.0]])).tolist()
    [[0.0, 1.0, 0.5], [0.0, 0.0, 0.0]]
    """
    low, high = scores.amin(dim=-1, keepdim=True), scores.amax(dim=-1, keepdim=True)
    return (scores - low) / (high - low).clamp_min(1e-8)


def distillation(
    student: Tensor, teacher: Tensor, *, loss: Loss, normalise: Normalise, temperature: float
) -> Tensor:
    """Give the mean loss of a batch.

    Args:
        student: (B, N) MaxSim scores of each question's candidates.
        teacher: (B, N) the teacher's scores of them.
        loss: `kl`, or `margin` for the squared error of the differences to the teacher's best.
        normalise: min-max both sides, the teacher alone, or none.
        temperature: what both sides are divided by before the softmax of `kl`.

    Returns:
        ().
    """
    student = min_max(student) if normalise == "both" else student
    teacher = min_max(teacher) if normalise != "none" else teacher
    if loss == "margin":
        best = teacher.argmax(dim=1, keepdim=True)
        return F.mse_loss(student - student.gather(1, best), teacher - teacher.gather(1, best))
    return F.kl_div(
        F.log_softmax(student / temperature, dim=1),
        F.log_softmax(teacher / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )


def in_batch(scores: Tensor, same: Tensor) -> Tensor:
    """Give the cross-entropy of each question's own passage among the batch's.

    Args:
        scores: (B, B) MaxSim of question i with the gold passage of question j.
        same: (B, B) bool, true where j's passage is gold for question i too; the diagonal is true.

    Returns:
        ().
    """
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    masked = scores.masked_fill(same & ~own, -torch.inf)
    return F.cross_entropy(masked, torch.arange(len(scores), device=scores.device))
