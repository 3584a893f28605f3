"""Tokens that may come next, from what followed before, each with how often its kind was right.

Joins the automaton and the adjacency matrix; how many are drafted is others' business.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rag.generation.speculation._adjacency import RANKS
from rag.generation.speculation._automaton import Automaton

__all__ = ["Candidate", "Chances", "after", "first"]

_MAX_RUNS = 3
_MAX_BRANCHES = 3
_KINDS = 8  # of lengths
_LENGTHS = (2, 3, 4, 6, 9, 17)
_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
_PRIOR = 12.0  # cases that an assumption counts as
_MEMORY = 400.0  # cases of a kind, of which older ones fade
# Assumed until kinds were seen; from 50 answers to questions of SQuAD's training part.
_ACCEPTED = (0.05, 0.04, 0.03, 0.02, 0.015, 0.01, 0.01, 0.01)  # of each rank, where no run has the token
_EXPECTED = (0.3, 0.18)  # of a run's token that the matrix has first, or further down
_UNSURE = 0.6  # of a follower that is not the only one, beside its share
_SHORTER = 0.2  # of one that followed a shorter run, and not the longest
_DOUBT = (1, 3)  # tokens that a run's length is set against; the second where the matrix lacks its token

Kind = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that may follow."""

    token_id: int
    kind: Kind
    assumed: float  # its chance, until its kind was seen
    state: int = -1  # of the automaton behind it; -1: it comes from the matrix
    length: int = 0  # of the run that it follows


@dataclass(slots=True)
class Chances:
    """How often candidates of each kind were right, given that what is before them was."""

    _counts: dict[Kind, tuple[float, float]] = field(default_factory=dict)  # right, all

    def of(self, candidate: Candidate) -> float:
        """Give the chance of a candidate."""
        right, number = self._counts.get(candidate.kind, (0.0, 0.0))
        return (right + _PRIOR * candidate.assumed) / (number + _PRIOR)

    def note(self, candidate: Candidate, *, is_right: bool) -> None:
        """Take note of what came."""
        right, number = self._counts.get(candidate.kind, (0.0, 0.0))
        kept = 1.0 if number < _MEMORY else 1 - 1 / _MEMORY
        self._counts[candidate.kind] = (right * kept + is_right, number * kept + 1)


def first(automaton: Automaton, ranked: list[int], mode: int) -> list[Candidate]:
    """Give what may follow the text; each token once.

    Args:
        automaton: of the text.
        ranked: what the matrix has behind the last token.
        mode: keeps apart what is counted apart: greedy and sampled answers.
    """
    found: dict[int, Candidate] = {}
    for order, (length, state) in zip(range(_MAX_RUNS), automaton.matches(), strict=False):
        for candidate in _of_run(automaton, state, length, mode, order):
            found.setdefault(candidate.token_id, candidate)
    return _joined(found, ranked, mode)


def after(automaton: Automaton, candidate: Candidate, ranked: list[int], mode: int) -> list[Candidate]:
    """Give what may follow a candidate."""
    found: dict[int, Candidate] = {}
    if candidate.state >= 0:
        for each in _of_run(automaton, candidate.state, candidate.length + 1, mode, 0):
            found[each.token_id] = each
    return _joined(found, ranked, mode)


def _of_run(automaton: Automaton, state: int, length: int, mode: int, order: int) -> Iterator[Candidate]:
    followers = automaton.followers(state)
    total = sum(count for _, count, _ in followers)
    for token_id, count, to in followers[:_MAX_BRANCHES]:
        share = count / total
        kind = ("run", mode, _KINDS * order + bisect_right(_LENGTHS, length), bisect_right(_SHARES, share))
        assumed = share * (1.0 if share == 1 else _UNSURE) * (_SHORTER if order else 1.0)
        yield Candidate(token_id, kind, assumed, to, length)


def _joined(found: dict[int, Candidate], ranked: list[int], mode: int) -> list[Candidate]:
    """Add what the matrix has; what both have is a kind of its own, and so is what it lacks."""
    ranks = {token_id: rank for rank, token_id in enumerate(ranked[:RANKS])}
    joined = [_judged(each, ranks) for each in found.values()]
    for token_id, rank in ranks.items():
        if token_id not in found:
            joined.append(Candidate(token_id, ("row", mode, rank, bool(found)), _ACCEPTED[rank]))
    return joined


def _judged(candidate: Candidate, ranks: dict[int, int]) -> Candidate:
    """Say how likely a run's token is, beside what the matrix expects; it knows nothing of some tokens."""
    rank = ranks.get(candidate.token_id)
    doubt = _DOUBT[bool(ranks) and rank is None]
    assumed = candidate.assumed * candidate.length / (candidate.length + doubt)
    name, mode, length, share = candidate.kind
    if rank is not None:
        least = _EXPECTED[min(rank, 1)] * (_SHORTER if length >= _KINDS else 1.0)
        return replace(
            candidate, kind=(f"{name}+{min(rank, 1)}", mode, length, share), assumed=max(assumed, least)
        )
    return replace(candidate, kind=(name + "-" * bool(ranks), mode, length, share), assumed=assumed)
