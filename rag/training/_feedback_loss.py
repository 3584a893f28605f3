"""What the feedback reformulator is trained by.

Source: Zhu et al., LoL, SIGIR 2022, https://arxiv.org/abs/2204.11545, section 3 (revision loss and
comparative regulariser).
"""

from itertools import combinations

import torch
from torch import Tensor

__all__ = ["less_is_not_more", "revision_loss"]


def revision_loss(scores: Tensor, positives: Tensor, *, temperature: float) -> Tensor:
    """Give (B,): minus the log of the share of the hardest positive among itself and all that are none.

    Args:
        scores: (B, P) cosines of the moved questions and the pool.
        positives: (B, P) bool, one or more a question.
        temperature: what scores are divided by.
    """
    logits = scores / temperature
    hardest = logits.masked_fill(~positives, torch.inf).amin(dim=1)
    others = logits.masked_fill(positives, -torch.inf).logsumexp(dim=1)
    return torch.logaddexp(others, hardest) - hardest


def less_is_not_more(losses: Tensor) -> Tensor:
    """Give the mean over pairs of revisions of how much the loss grows with more feedback, where it does.

    Args:
        losses: (S, B), of revisions of the same questions, the one with the least feedback first.

    >>> less_is_not_more(torch.tensor([[3.0, 1.0], [2.0, 1.5]])), less_is_not_more(torch.tensor([[1.0]]))
    (tensor(0.2500), tensor(0.))
    """
    pairs = list(combinations(losses, 2))
    if not pairs:
        return losses.new_zeros(())
    return torch.stack([(more - less).clamp(min=0) for less, more in pairs]).mean()
