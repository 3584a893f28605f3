"""What a proposer is asked and what it drafts: a tree of tokens behind the last one; a chain is a tree.

Knows no model and no method.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

__all__ = ["NOTHING", "ROOT", "Draft", "Looking", "Proposer", "State", "chain", "fuse", "tree"]

ROOT = -1  # the parent of tokens that follow the last one


@dataclass(frozen=True, slots=True)
class Draft:
    """Tokens that may come next, siblings in the order in which they were drawn."""

    token_ids: tuple[int, ...] = ()  # N
    parents: tuple[int, ...] = ()  # N: the place of each one's parent, before its own, or ROOT
    laws: tuple[
        Tensor | None, ...
    ] = ()  # N: (V,) it was drawn from, siblings not yet taken out; None: sure

    def __len__(self) -> int:
        return len(self.token_ids)

    def children(self) -> dict[int, list[int]]:
        """Give the places of each place's children, in draw order; ROOT has some too."""
        found: dict[int, list[int]] = {}
        for place, parent in enumerate(self.parents):
            found.setdefault(parent, []).append(place)
        return found

    def depths(self) -> list[int]:
        """Give how many tokens each is behind the last one, from 1."""
        depths: list[int] = []
        for parent in self.parents:
            depths.append(1 if parent == ROOT else depths[parent] + 1)
        return depths

    def mask(self) -> Tensor:
        """Give (N + 1, N + 1) bool: what the last token and each drafted one see of them all."""
        seen = torch.eye(len(self) + 1, dtype=torch.bool)
        for place, parent in enumerate(self.parents, start=1):
            seen[place] |= seen[parent + 1]
        return seen

    def paths(self) -> list[tuple[int, ...]]:
        """Give the tokens from the root to each place."""
        paths: list[tuple[int, ...]] = []
        for token_id, parent in zip(self.token_ids, self.parents, strict=True):
            paths.append((*(() if parent == ROOT else paths[parent]), token_id))
        return paths

    def follow(self, token_ids: Iterable[int]) -> list[int]:
        """Give the places of tokens from the root down, as far as they were drafted.

        >>> Draft((5, 6, 7), (-1, 0, 0)).follow([5, 7, 9])
        [0, 2]
        """
        children, places = self.children(), [ROOT]
        for token_id in token_ids:
            below = children.get(places[-1], [])
            place = next((each for each in below if self.token_ids[each] == token_id), None)
            if place is None:
                break
            places.append(place)
        return places[1:]

    def law(self, place: int) -> Tensor | None:
        """Give what a token was drawn from; nothing where it was not drawn."""
        return self.laws[place] if self.laws else None


NOTHING = Draft()


@dataclass(slots=True)
class State:
    """One request as far as it is."""

    token_ids: list[int]  # the prompt and what was written; the last one is not read yet
    temperature: float = 0.0
    random: torch.Generator = field(default_factory=torch.Generator)
    max_nodes: int = 1 << 30  # of the next draft; more would be thrown away


class Proposer(Protocol):
    """Drafts for the requests of one tenant, one after another."""

    def begin(self, state: State) -> None:
        """Start a request: its prompt is there, and the first token written."""
        ...

    def propose(self, state: State) -> Draft:
        """Draft at most `state.max_nodes` tokens behind the last; none is a draft too."""
        ...

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Take note of a pass: the last token and the drafted ones, and (N + 1, V) what follows each."""
        ...


@runtime_checkable
class Looking(Protocol):
    """A proposer that looks at more of the model's passes than their logits."""

    def run(self, model: Any, **inputs: Any) -> Any:  # Any: transformers' classes and their arguments
        """Run the model on these inputs, over the prompt or a draft; its output is what it would be."""
        ...


def chain(token_ids: Sequence[int]) -> Draft:
    """Make a draft without branches.

    >>> chain([5, 6, 7]).parents
    (-1, 0, 1)
    """
    return Draft(tuple(token_ids), tuple(range(ROOT, len(token_ids) - 1)))


def tree(paths: Iterable[Sequence[int]], max_nodes: int) -> Draft:
    """Join paths that start alike; the first are drafted whole before the next.

    >>> tree([(5, 6), (5, 7), (8,)], 3)
    Draft(token_ids=(5, 6, 7), parents=(-1, 0, 0), laws=())
    """
    places: dict[tuple[int, int], int] = {}  # (parent, token) -> place
    for path in paths:
        at = ROOT
        for token_id in path:
            if (at, token_id) not in places:
                if len(places) >= max_nodes:
                    break
                places[at, token_id] = len(places)
            at = places[at, token_id]
    return Draft(tuple(token for _, token in places), tuple(parent for parent, _ in places))


def fuse(first: Draft, second: Draft) -> Draft:
    """Join two trees of sure tokens: what both have is drafted once, the rest hangs where they part.

    >>> fuse(chain([5, 6]), Draft((5, 7), (-1, 0)))
    Draft(token_ids=(5, 6, 7), parents=(-1, 0, 0), laws=())
    """
    return tree([*first.paths(), *second.paths()], len(first) + len(second))
