"""A chain drafted by a smaller model, or by the same one that sees but the newest tokens."""

from collections.abc import Sequence

from torch import Tensor

from rag.generation.speculation._draft_model import NextLogits, draw, law_of, windows
from rag.generation.speculation._drafts import NOTHING, ROOT, Draft, State

__all__ = ["DraftModel"]


class DraftModel:
    """Draft token by token.

    Source: Leviathan et al., Fast Inference from Transformers via Speculative Decoding, ICML 2023.
    """

    def __init__(self, draft: NextLogits, num_tokens: int = 4, *, window: int = 32) -> None:
        """Set what drafts, how many tokens, and how many of the newest it sees."""
        if num_tokens < 1 or window < 1:
            raise ValueError("num_tokens and window are 1 or more")
        self._draft = draft
        self._num_tokens = num_tokens
        self._window = window

    def begin(self, state: State) -> None:
        """Keep nothing of a request."""

    def propose(self, state: State) -> Draft:
        """Draft a chain; it is drawn where the answer is sampled."""
        tokens: list[int] = []
        laws: list[Tensor | None] = []
        random = state.random if state.temperature > 0 else None
        while len(tokens) < min(self._num_tokens, state.max_nodes):
            seen = windows(state.token_ids, [tokens], self._window)
            law = law_of(self._draft(seen)[0], state.temperature)
            tokens += draw(law, 1, random)
            laws.append(law if random else None)
        if not tokens:
            return NOTHING
        return Draft(tuple(tokens), tuple(range(ROOT, len(tokens) - 1)), tuple(laws))

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Learn nothing from it."""
