"""Prompt lookup: what came after these words before comes after them again."""

from collections.abc import Sequence

from torch import Tensor

from rag.generation.speculation._drafts import NOTHING, Draft, State, chain

__all__ = ["Lookup"]


class Lookup:
    """Draft what follows the latest earlier place of the last tokens, the longest run of them first.

    Source: Saxena, Prompt Lookup Decoding, 2023 (github.com/apoorvumang/prompt-lookup-decoding). It takes
    the earliest place; the latest is the answer's own where it repeats itself.
    """

    def __init__(self, max_ngram: int = 3, max_tokens: int = 10) -> None:
        """Set how many of the last tokens must have come before, at most, and how many are drafted."""
        if max_ngram < 1 or max_tokens < 1:
            raise ValueError("max_ngram and max_tokens are 1 or more")
        self._max_ngram = max_ngram
        self._max_tokens = max_tokens
        self._ends: dict[tuple[int, ...], int] = {}  # a run of tokens -> behind its latest place
        self._seen = 0

    def begin(self, state: State) -> None:
        """Forget the request before."""
        self._ends = {}
        self._seen = 0

    def propose(self, state: State) -> Draft:
        """Draft a chain."""
        tokens = state.token_ids
        self._note(tokens)
        for size in range(min(self._max_ngram, len(tokens)), 0, -1):
            end = self._ends.get(tuple(tokens[-size:]))
            if end is not None:
                return chain(tokens[end : end + min(self._max_tokens, state.max_nodes)])
        return NOTHING

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Learn nothing from it."""

    def _note(self, tokens: Sequence[int]) -> None:
        """Index the runs that something follows: the last token ends none yet."""
        for end in range(self._seen + 1, len(tokens)):
            for size in range(1, min(self._max_ngram, end) + 1):
                self._ends[tuple(tokens[end - size : end])] = end
        self._seen = max(self._seen, len(tokens) - 1)
