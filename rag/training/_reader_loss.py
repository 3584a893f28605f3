"""What the reader's training minimises; pure functions of tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rag.reading.readers._windows import Window

__all__ = ["Cut", "span_loss"]


@dataclass(frozen=True, slots=True)
class Cut:
    """A window of a passage, and where it answers."""

    question: int  # windows with the same number are of one question
    part: Window
    spans: Sequence[tuple[int, int]]  # first and last of the part's tokens; none where it does not answer


def span_loss(logits: Tensor, cuts: Sequence[Cut], normaliser: str) -> Tensor:
    """Give the negative log-likelihood of the accepted starts and ends, summed over them, [CLS] being none.

    Over a `passage` each window is a choice of its own. Over a `question` the scores of all its windows,
    each less that of its [CLS], and one 0 for none, are one choice: what is compared when several are read.
    `both` is the mean of the two. Of one window they are the same.
    Source: Clark & Gardner, 2018, sections 2.2 and 3 ("shared-normalization", with an option for none).

    Args:
        logits: (B, T, 2) float32.
        cuts: of each row.
        normaliser: `passage`, `question` or `both`.
    """
    right, real = _targets(cuts, logits.shape[1])
    right, real = right.to(logits.device), real.to(logits.device)
    relative = logits - logits[:, :1]
    losses = []
    if normaliser in ("passage", "both"):
        losses.append(_likelihood(relative, right, real))
    if normaliser in ("question", "both"):
        rows, right, real = _by_question(relative, right, real, [cut.question for cut in cuts])
        losses.append(_likelihood(rows, right, real))
    return torch.stack(losses).mean()


def _likelihood(scores: Tensor, right: Tensor, real: Tensor) -> Tensor:
    chosen = scores.masked_fill(~right, -torch.inf).logsumexp(dim=1)
    return (scores.masked_fill(~real, -torch.inf).logsumexp(dim=1) - chosen).mean()


def _targets(cuts: Sequence[Cut], length: int) -> tuple[Tensor, Tensor]:
    """Give which starts and ends are right, and which can be chosen: (B, T, 2) bool each."""
    right = torch.zeros((len(cuts), length, 2), dtype=torch.bool)
    real = torch.zeros((len(cuts), length, 2), dtype=torch.bool)
    for row, cut in enumerate(cuts):
        first = cut.part.first
        real[row, 0] = True
        real[row, first : first + len(cut.part.offsets)] = True
        for place, column in ((span[side], side) for span in cut.spans for side in (0, 1)):
            right[row, first + place, column] = True
        if not cut.spans:
            right[row, 0] = True
    return right, real


def _by_question(
    scores: Tensor, right: Tensor, real: Tensor, questions: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Lay the windows of a question in one row, with one [CLS] for all: (Q, N * T, 2) each."""
    rows: dict[int, list[int]] = {}
    for row, question in enumerate(questions):
        rows.setdefault(question, []).append(row)
    most = max(len(each) for each in rows.values())
    index = torch.tensor(
        [each + [len(questions)] * (most - len(each)) for each in rows.values()], device=scores.device
    )
    found = []
    for values in (scores, right, real):
        empty = torch.zeros_like(values[:1])
        found.append(torch.cat((values, empty))[index])  # (Q, N, T, 2)
    laid, target, choice = found
    answered = target[:, :, 1:].any(dim=2).any(dim=1)  # (Q, 2)
    choice[:, 1:, 0], target[:, 1:, 0] = False, False
    target[:, 0, 0] = ~answered
    return laid.flatten(1, 2), target.flatten(1, 2), choice.flatten(1, 2)
