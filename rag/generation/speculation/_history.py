"""The newest answers of one tenant, kept to draft from."""

from collections import deque

from rag.generation.speculation._automaton import Automaton
from rag.generation.speculation._drafts import State

__all__ = ["History"]


class History:
    """Answers as tokens, the oldest forgotten first."""

    def __init__(self, max_tokens: int) -> None:
        """Set how many tokens are kept in all; 0 keeps none."""
        if max_tokens < 0:
            raise ValueError("history_tokens is 0 or more")
        self._max_tokens = max_tokens
        self._answers: deque[list[int]] = deque()
        self._state: State | None = None
        self._prompt_tokens = 0

    def begin(self, state: State) -> Automaton:
        """Keep the answer of the request before; give an automaton of all answers, a new text begun."""
        if self._state is not None:
            self._answers.append(self._state.token_ids[self._prompt_tokens :])
            while sum(map(len, self._answers)) > self._max_tokens:
                self._answers.popleft()
        self._state = state
        self._prompt_tokens = len(state.token_ids) - 1
        automaton = Automaton()
        for answer in self._answers:
            automaton.start()
            automaton.feed(answer)
        automaton.start()
        return automaton
