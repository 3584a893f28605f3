"""From hop to hop: which passages to follow, when to stop, and what all of it says of each passage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.core.protocols import SearchRequest
from rag.core.types import Hit
from rag.retrieval._hops import Hopper, Tree
from rag.scoring.hops import HopModel, Signals, joined, prune
from rag.scoring.words import content_words

__all__ = ["Limits", "ranked", "signals_of", "walk"]

_FIRST = 10  # places that signals look at


@dataclass(frozen=True, slots=True)
class Limits:
    """How far to go."""

    hops: int
    branches: int  # passages followed in each hop
    stop: float  # passages less likely than this are not followed


def walk(
    hopper: Hopper, request: SearchRequest, tree: Tree, model: HopModel, limits: Limits
) -> dict[str, float]:
    """Give, by chunk id, the probability that a passage is needed."""
    own: dict[str, float] = {}
    led: dict[str, float] = {}
    followed: set[str] = set()
    hops = 0
    while True:
        new = [chunk_id for chunk_id in tree.texts if chunk_id not in own]
        own |= zip(new, model.nodes(tree.nodes(new)).tolist(), strict=True)
        chances = {chunk_id: joined(chance, led.get(chunk_id, 0.0)) for chunk_id, chance in own.items()}
        likely = [each for each in chances.items() if each[1] >= limits.stop]
        parents = prune(likely, seen=followed, branches=limits.branches)
        if not parents or hops == limits.hops:
            return chances
        followed.update(parents)
        hops += 1
        for edges in hopper.hop(request, tree, parents):
            for child, chance in zip(edges.children, model.edges(edges.features).tolist(), strict=True):
                led[child] = max(led.get(child, 0.0), chances[edges.parent] * chance)


def ranked(chances: Mapping[str, float]) -> list[Hit]:
    """Give passages by their probability, best first, ties by chunk id."""
    best = sorted(chances, key=lambda chunk_id: (-chances[chunk_id], chunk_id))
    return [Hit(chunk_id, chances[chunk_id]) for chunk_id in best]


def signals_of(tree: Tree, hits: Sequence[Hit]) -> Signals:
    """Give what a walk says of the question; `hits` are its passages, best first."""
    if not hits or not tree.first:
        return Signals(0.0, 0.0, 0.0, 0.0)
    before = set(list(tree.first)[:_FIRST])
    brought = [hit.score for hit in hits[:_FIRST] if hit.chunk_id not in before]
    asked = frozenset(content_words(tree.question))
    missing = asked - tree.texts[hits[0].chunk_id].words
    scores = [score for score, _ in tree.first.values()]
    return Signals(
        gain=max(brought, default=0.0),
        moved=len(brought) / _FIRST,
        uncovered=len(missing) / len(asked) if asked else 0.0,
        margin=scores[0] - scores[min(4, len(scores) - 1)],
    )
