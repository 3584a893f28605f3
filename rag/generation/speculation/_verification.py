"""Which drafted tokens stand: those that plain decoding would have written, or as likely as it would.

Knows drafts and the model's logits; what may be written at all is the choice's business.
"""

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from rag.generation.speculation._drafts import ROOT, Draft

__all__ = ["Choice", "verify"]


class Choice(Protocol):
    """How plain decoding takes the next token; knows what was written."""

    @property
    def temperature(self) -> float:
        """Give 0 for the likeliest token, else what logits are divided by."""
        ...

    @property
    def random(self) -> torch.Generator:
        """Give the source of chance."""
        ...

    @property
    def has_law(self) -> bool:
        """Say whether `law` can be given; else tokens are chosen alone, whatever drafts were drawn from."""
        ...

    def choose(self, logits: Tensor) -> int:
        """Take the next token, from (V,) logits."""
        ...

    def law(self, logits: Tensor) -> Tensor:
        """Give (V,) float64, the probability of each token at this temperature."""
        ...


def verify(draft: Draft, logits: Tensor, choice: Choice) -> Iterator[tuple[int, int | None]]:
    """Walk down the tree as far as the model goes along.

    The caller tells the choice of each token before it asks for the next, for what may be written depends
    on it. At temperature 0 the tokens are those of plain decoding. Else their distribution is: where no
    sibling was drawn a token is sampled as ever, the same one for the same seed, and stands where it was
    drafted; drawn siblings are tried in their order by recursive rejection without replacement.

    Args:
        draft: what was proposed.
        logits: (N + 1, V) after the last token and after each drafted one.
        choice: of tokens.

    Yields:
        A token and its place in the draft; the last one has none.

    Source: Jeon et al., Recursive Speculative Decoding, arXiv 2402.14160.
    """
    children = draft.children()
    at: int | None = ROOT
    while at is not None:
        places = children.get(at, [])
        row = logits[at + 1]
        is_drawn = choice.temperature > 0 and choice.has_law
        if is_drawn and any(draft.law(place) is not None for place in places):
            token_id, at = _rejected(draft, places, choice.law(row), choice.random)
        else:
            token_id = choice.choose(row)
            at = next((place for place in places if draft.token_ids[place] == token_id), None)
        yield token_id, at


def _rejected(
    draft: Draft, places: list[int], target: Tensor, random: torch.Generator
) -> tuple[int, int | None]:
    """Try the children of one place; a token and its place, or one of what is left and none."""
    tried: list[int] = []
    for place in places:
        token_id, law = draft.token_ids[place], draft.law(place)
        drawn = _without(law, tried) if law is not None else _sure(token_id, len(target))
        chance = float(target[token_id] / drawn[token_id])
        if float(torch.rand(1, generator=random, dtype=torch.float64)) < chance:
            return token_id, place
        left = (target - drawn).clamp(min=0)
        if left.sum() <= 0:  # the laws are equal but for rounding
            break
        target = left / left.sum()
        tried.append(token_id)
    return int(torch.multinomial(target, 1, generator=random)), None


def _without(law: Tensor, tried: list[int]) -> Tensor:
    """Give the law of a sibling that is none of those before it."""
    left = law.double().clone()
    left[tried] = 0
    return left / left.sum()


def _sure(token_id: int, size: int) -> Tensor:
    law = torch.zeros(size, dtype=torch.float64)
    law[token_id] = 1
    return law
