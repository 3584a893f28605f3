"""Suffix decoding: what followed the longest run of tokens that the text ends with, here and before."""

from collections import deque
from collections.abc import Sequence

from torch import Tensor

from rag.generation.speculation._automaton import Automaton
from rag.generation.speculation._continuations import continuations
from rag.generation.speculation._drafts import Draft, State

__all__ = ["Suffix"]


class Suffix:
    """Draft from the prompt with its passages, the answer so far, and the answers before it.

    Source: Oliaro et al., SuffixDecoding, NeurIPS 2025; Hu et al., SAM Decoding, arXiv 2411.10666.
    """

    def __init__(
        self,
        max_nodes: int = 12,
        *,
        min_chance: float = 0.05,
        max_depth: int = 24,
        history_tokens: int = 16_384,
    ) -> None:
        """Set how much is drafted and remembered.

        Args:
            max_nodes: tokens of a draft.
            min_chance: of a token that is drafted, as estimated.
            max_depth: tokens of a branch.
            history_tokens: of earlier answers, the newest, that are drafted from; 0 for none.
        """
        if max_nodes < 1 or max_depth < 1 or history_tokens < 0:
            raise ValueError("max_nodes and max_depth are 1 or more, history_tokens 0 or more")
        self._max_nodes = max_nodes
        self._min_chance = min_chance
        self._max_depth = max_depth
        self._history_tokens = history_tokens
        self._answers: deque[list[int]] = deque()
        self._state: State | None = None
        self._prompt_tokens = 0
        self._automaton = Automaton()
        self._fed = 0

    def begin(self, state: State) -> None:
        """Remember the answer before, and index the prompt."""
        if self._state is not None:
            self._answers.append(self._state.token_ids[self._prompt_tokens :])
            while sum(map(len, self._answers)) > self._history_tokens:
                self._answers.popleft()
        self._state = state
        self._prompt_tokens = len(state.token_ids) - 1
        self._automaton = Automaton()
        for answer in self._answers:
            self._automaton.start()
            self._automaton.feed(answer)
        self._automaton.start()
        self._fed = 0

    def propose(self, state: State) -> Draft:
        """Draft a tree."""
        self._automaton.feed(state.token_ids[self._fed :])
        self._fed = len(state.token_ids)
        return continuations(
            self._automaton,
            max_nodes=min(self._max_nodes, state.max_nodes),
            min_chance=self._min_chance,
            max_depth=self._max_depth,
        )

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Learn nothing from it."""
