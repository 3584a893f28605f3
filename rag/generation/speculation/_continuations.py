"""What may follow, by what followed before: the likeliest tree of continuations in an automaton."""

import heapq

from rag.generation.speculation._automaton import Automaton
from rag.generation.speculation._drafts import ROOT, Draft

__all__ = ["continuations"]

_SHORTER = 0.5  # how much less a continuation of the next shorter run counts
_MAX_RUNS = 4  # the longest that are looked at
_MAX_BRANCHES = 4  # of one place


def continuations(automaton: Automaton, *, max_nodes: int, min_chance: float, max_depth: int) -> Draft:
    """Draft the likeliest continuations of the text, greedily by their estimated chance.

    The chance of a token is its share of what followed the run before it, times a trust in the run that
    grows with its length, n / (n + 1); shorter runs add what did not follow the longest.

    Args:
        automaton: of the texts; the current one last.
        max_nodes: of the draft.
        min_chance: of a token that is drafted.
        max_depth: tokens of a branch.

    Source: Oliaro et al., SuffixDecoding, NeurIPS 2025, section 3 (greedy by estimated chance); Hu et al.,
    SAM Decoding, arXiv 2411.10666 (the automaton). The trust by length is ours.
    """
    heap: list[tuple[float, int, int, int, int]] = []  # (-chance, order, parent, token, state)
    order = 0
    weight = 1.0
    for _, (length, state) in zip(range(_MAX_RUNS), automaton.matches(), strict=False):
        trust = weight * length / (length + 1)
        for token_id, share, to in _shares(automaton, state):
            order += 1
            heapq.heappush(heap, (-trust * share, order, ROOT, token_id, to))
        weight *= _SHORTER
    places: dict[tuple[int, int], int] = {}
    depths: list[int] = []
    while heap and len(places) < max_nodes:
        chance, _, parent, token_id, state = heapq.heappop(heap)
        if -chance < min_chance:
            break
        if (parent, token_id) in places:  # of a longer run, with a greater chance
            continue
        place = places[parent, token_id] = len(places)
        depths.append(1 if parent == ROOT else depths[parent] + 1)
        if depths[place] >= max_depth:
            continue
        for follower, share, to in _shares(automaton, state):
            order += 1
            heapq.heappush(heap, (chance * share, order, place, follower, to))
    return Draft(tuple(token for _, token in places), tuple(parent for parent, _ in places))


def _shares(automaton: Automaton, state: int) -> list[tuple[int, float, int]]:
    followers = automaton.followers(state)
    total = sum(count for _, count, _ in followers)
    return [(token_id, count / total, to) for token_id, count, to in followers[:_MAX_BRANCHES]]
