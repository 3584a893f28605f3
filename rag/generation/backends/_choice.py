"""Which token comes next: the likeliest, or a sampled one, of those that may.

Knows what was written and what may not follow it; the model's numbers are handed in.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from rag.generation.constrained.schema import SchemaMask

__all__ = ["TokenChoice"]


class TokenChoice:
    """The choices of one answer."""

    def __init__(
        self,
        *,
        temperature: float,
        seed: int,
        no_repeat_tokens: int = 0,
        mask: SchemaMask | None = None,
    ) -> None:
        """Start at nothing written.

        Args:
            temperature: 0 takes the likeliest token.
            seed: of the sampling.
            no_repeat_tokens: so many tokens in a row are never written twice; 0 allows it.
            mask: holds the answer to a schema, which may repeat what it likes.
        """
        self.temperature = temperature
        self.random = torch.Generator().manual_seed(seed)
        self._no_repeat_tokens = no_repeat_tokens
        self._mask = mask
        self._written: list[int] = []

    def choose(self, logits: Tensor) -> int:
        """Take the next token, from (V,) logits."""
        allowed = self.allowed(logits)
        if self.temperature == 0:
            return int(allowed.argmax())
        law = torch.softmax(allowed / self.temperature, dim=-1)
        return int(torch.multinomial(law, 1, generator=self.random))

    def law(self, logits: Tensor) -> Tensor:
        """Give (V,) float64, how likely each token is to be taken; the temperature is above 0."""
        return torch.softmax(self.allowed(logits).double() / self.temperature, dim=-1)

    def accept(self, token_id: int) -> None:
        """Go on behind this token."""
        if self._mask is not None:
            self._mask.accept(token_id)
        self._written.append(token_id)

    def allowed(self, logits: Tensor) -> Tensor:
        """Give the logits, those of tokens that break the schema or repeat the answer barred."""
        allowed = logits.float().cpu()
        barred: Tensor | list[int]
        if self._mask is None:
            barred = _repeating(self._written, self._no_repeat_tokens)
        else:
            barred = torch.from_numpy(self._mask.forbidden(len(allowed)))
        if len(barred):
            allowed = allowed.clone()
            allowed[barred] = -torch.inf
        return allowed


def _repeating(written: Sequence[int], size: int) -> list[int]:
    """Give the tokens that would end a run of `size` tokens which the text already has."""
    if size < 1 or len(written) < size:
        return []
    start = written[len(written) - size + 1 :]
    return [
        written[at + size - 1]
        for at in range(len(written) - size + 1)
        if written[at : at + size - 1] == start
    ]
