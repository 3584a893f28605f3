"""From hop to hop: which passages to follow, when to stop, and what all of it says of each passage."""

from collections.abc import Mapping
from dataclasses import dataclass

from rag.core.protocols import SearchRequest
from rag.core.types import Hit
from rag.retrieval._hops import Hopper, Tree
from rag.scoring.hops import HopModel, joined, prune

__all__ = ["Limits", "ranked", "walk"]


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
