"""What a smaller model says of the next token, for proposers that draw from it.

Knows temperatures and draws; which model it is, is others' business.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["NextLogits", "draw", "law_of", "windows"]

NextLogits = Callable[[Sequence[Sequence[int]]], Tensor]
"""N sequences of one length -> (N, V) logits of what follows each."""


def windows(token_ids: Sequence[int], paths: Sequence[Sequence[int]], window: int) -> list[list[int]]:
    """Give what a model reads that sees but the newest tokens: of the text with each path behind it.

    >>> windows([1, 2, 3], [[], [9]], 2)
    [[2, 3], [3, 9]]
    """
    return [[*token_ids[-window:], *path][-window:] for path in paths]


def law_of(logits: Tensor, temperature: float) -> Tensor:
    """Give (V,) float64 that tokens are drawn from; at temperature 0 that of 1, which ranks them."""
    return torch.softmax(logits.double() / (temperature or 1.0), dim=-1)


def draw(law: Tensor, count: int, random: torch.Generator | None) -> list[int]:
    """Draw tokens one after another without replacement (Gumbel top-k); without chance the likeliest.

    Fewer come where fewer have a chance.
    """
    count = min(count, int((law > 0).sum()))
    if random is None:
        likeliest: list[int] = law.topk(count).indices.tolist()
        return likeliest
    noise = -torch.empty_like(law).exponential_(generator=random).log()
    drawn: list[int] = (law.log() + noise).topk(count).indices.tolist()
    return drawn
