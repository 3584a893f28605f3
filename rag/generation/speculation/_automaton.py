"""A suffix automaton over texts of tokens: what followed the longest run that the text ends with.

Knows runs and how often each came; which of them to draft is others' business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

__all__ = ["Automaton"]

_START = 0  # the state of the empty run
_MAX_COUNTED = 64  # ends of a text, the longest; only a text that goes round in a circle has more


@dataclass(slots=True)
class _State:
    """Runs that end at the same places; the longest has `length` tokens."""

    length: int
    link: int  # the state of the longest of their ends that comes at more places
    count: int = 0  # places
    next: dict[int, int] = field(default_factory=dict)


class Automaton:
    """All runs of the texts fed so far, in linear space.

    Source: Blumer et al., The smallest automaton recognizing the subwords of a text, 1985.
    """

    def __init__(self) -> None:
        """Start with no text."""
        self._states = [_State(0, -1)]
        self._last = _START

    def __len__(self) -> int:
        return len(self._states)

    def start(self) -> None:
        """Start a new text: no run goes from the one before into it."""
        self._last = _START

    def feed(self, token_ids: Sequence[int]) -> None:
        """Go on with the text, in amortised constant time a token.

        In a text that goes round in a circle the shorter of its runs are counted too low.
        """
        for token_id in token_ids:
            self._last = self._extended(token_id)
            at = self._last
            for _ in range(_MAX_COUNTED):
                if at == _START:
                    break
                self._states[at].count += 1
                at = self._states[at].link

    def matches(self) -> Iterator[tuple[int, int]]:
        """Give (length, state) of the runs that end the text and came before, the longest first."""
        at = self._last if self._states[self._last].count > 1 else self._states[self._last].link
        while at > _START:
            yield self._states[at].length, at
            at = self._states[at].link

    def followers(self, state: int) -> list[tuple[int, int, int]]:
        """Give (token, how often it followed, the state then), the most frequent first.

        Where nothing followed, for the texts end there, it is what followed the longest end of the run.
        """
        while state != _START and not self._states[state].next:
            state = self._states[state].link
        pairs = self._states[state].next.items() if state != _START else ()
        found = [(token_id, self._states[to].count, to) for token_id, to in pairs]
        return sorted(found, key=lambda each: (-each[1], each[0]))

    def count(self, run: Sequence[int]) -> int:
        """Give how often a run came."""
        at = _START
        for token_id in run:
            if token_id not in self._states[at].next:
                return 0
            at = self._states[at].next[token_id]
        return self._states[at].count

    def _extended(self, token_id: int) -> int:
        known = self._states[self._last].next.get(token_id)
        if known is not None:  # an earlier text has this run
            return self._split(self._last, known, token_id)
        new = self._added(_State(self._states[self._last].length + 1, _START))
        at = self._last
        while at != -1 and token_id not in self._states[at].next:
            self._states[at].next[token_id] = new
            at = self._states[at].link
        if at != -1:
            self._states[new].link = self._split(at, self._states[at].next[token_id], token_id)
        return new

    def _split(self, at: int, to: int, token_id: int) -> int:
        """Give the state of the runs of `at` with the token behind; its longer ones stay in `to`."""
        length = self._states[at].length + 1
        old = self._states[to]
        if old.length == length:
            return to
        copy = self._added(_State(length, old.link, old.count, dict(old.next)))
        old.link = copy
        while at != -1 and self._states[at].next.get(token_id) == to:
            self._states[at].next[token_id] = copy
            at = self._states[at].link
        return copy

    def _added(self, state: _State) -> int:
        self._states.append(state)
        return len(self._states) - 1
