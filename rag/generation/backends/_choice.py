"""Which token comes next: the likeliest, or a sampled one, of those that may.

Knows what was written and what may not follow it; the model's numbers are handed in.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from torch import Tensor

from rag.core.errors import DeadEndError
from rag.core.protocols import GenerationOptions
from rag.generation.backends._loading import Loaded
from rag.generation.constrained.conditions import TokenCheck
from rag.generation.constrained.rejection import drawn, first_allowed, ranked
from rag.generation.constrained.schema import SchemaMask, mask_of

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
        check: TokenCheck | None = None,
    ) -> None:
        """Start at nothing written.

        Args:
            temperature: 0 takes the likeliest token.
            seed: of the sampling.
            no_repeat_tokens: so many tokens in a row are never written twice; 0 allows it.
            mask: holds the answer to a schema, which may repeat what it likes.
            check: holds it to conditions.
        """
        self.temperature = temperature
        self.random = torch.Generator().manual_seed(seed)
        self._no_repeat_tokens = no_repeat_tokens
        self._mask = mask
        self._check = check
        self._written: list[int] = []

    @classmethod
    def of(cls, loaded: Loaded, options: GenerationOptions, *, seed: int, no_repeat_tokens: int) -> Self:
        """Give the choices of an answer that a model writes.

        Raises:
            InvalidInputError: the options have a schema or a grammar that cannot be kept.
        """
        return cls(
            temperature=options.temperature,
            seed=seed if options.seed is None else options.seed,
            no_repeat_tokens=no_repeat_tokens,
            mask=mask_of(lambda: loaded.vocabulary, options),
            check=TokenCheck(options.conditions, loaded.text, loaded.stop_ids)
            if options.conditions
            else None,
        )

    @property
    def has_law(self) -> bool:
        """Say whether `law` can be given: not where tokens can only be asked about one by one."""
        return self._check is None

    def choose(self, logits: Tensor) -> int:
        """Take the next token, from (V,) logits.

        Raises:
            DeadEndError: of the tokens that were tried none keeps the conditions.
        """
        allowed = self.allowed(logits)
        if self.temperature == 0:
            token = int(allowed.argmax())
        else:
            law = torch.softmax(allowed / self.temperature, dim=-1)
            token = int(torch.multinomial(law, 1, generator=self.random))
        if self._check is None or self._check.allows(self._written, token):
            return token  # the one that is taken without conditions
        return self._other(self._check, allowed, token)

    def law(self, logits: Tensor) -> Tensor:
        """Give (V,) float64, how likely each token is to be taken, at a temperature above 0."""
        assert self.has_law, "tokens that are asked about have no law that can be given"
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

    def _other(self, check: TokenCheck, allowed: Tensor, refused: int) -> int:
        """Take a token where the first one was refused: the next likeliest, or sampled of the rest."""
        scores = allowed.clone()
        scores[refused] = -torch.inf
        if self.temperature == 0:
            order = ranked(scores.numpy())
        else:
            seed = int(torch.randint(2**62, (1,), generator=self.random))
            order = drawn(scores.double().numpy() / self.temperature, np.random.default_rng(seed))
        token, checks = first_allowed(order, lambda token: check.allows(self._written, token))
        if token is None:
            end = check.text(self._written)[-60:]
            raise DeadEndError(
                f"none of the {checks + 1} tokens that were tried behind {end!r} keeps what is asked of the"
                f" text ({check.names}); ask for less of it"
            )
        return token


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
