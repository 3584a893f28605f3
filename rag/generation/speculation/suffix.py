"""Suffix decoding: what followed the longest run of tokens that the text ends with, here and before."""

from collections.abc import Sequence

from torch import Tensor

from rag.generation.speculation._automaton import Automaton
from rag.generation.speculation._continuations import continuations
from rag.generation.speculation._drafts import Draft, State
from rag.generation.speculation._history import History

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
        history_tokens: int = 4096,
    ) -> None:
        """Set how much is drafted and remembered.

        Args:
            max_nodes: tokens of a draft.
            min_chance: of a token that is drafted, as estimated.
            max_depth: tokens of a branch.
            history_tokens: of earlier answers, the newest, that are drafted from; 0 for none.
        """
        if max_nodes < 1 or max_depth < 1:
            raise ValueError("max_nodes and max_depth are 1 or more")
        self._max_nodes = max_nodes
        self._min_chance = min_chance
        self._max_depth = max_depth
        self._history = History(history_tokens)
        self._automaton = Automaton()
        self._fed = 0

    def begin(self, state: State) -> None:
        """Index the prompt and earlier answers."""
        self._automaton = self._history.begin(state)
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
