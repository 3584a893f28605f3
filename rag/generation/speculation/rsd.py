"""Recursive Speculative Decoding: trees of a smaller model, siblings drawn without replacement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from rag.generation.speculation._draft_model import NextLogits, draw, law_of, windows
from rag.generation.speculation._drafts import ROOT, Draft, State

__all__ = ["Rsd"]


class Rsd:
    """Draft level by level.

    `constant`: each token has as many children as `branching` says of its level (RSD-C, Gumbel top-k).
    `beam`: as many tokens a level as `branching` says, of the sequences of greatest perturbed probability
    (RSD-S, stochastic beam search). At temperature 0 the likeliest take the place of the drawn.

    Source: Jeon et al., Recursive Speculative Decoding, arXiv 2402.14160; Kool et al., Stochastic Beams and
    Where to Find Them, ICML 2019.
    """

    def __init__(
        self,
        draft: NextLogits,
        branching: Sequence[int] = (3, 2, 1),
        *,
        kind: Literal["constant", "beam"] = "constant",
        window: int = 32,
    ) -> None:
        """Set what drafts, the tree's shape, and how many of the newest tokens the drafter sees."""
        if not branching or min(branching) < 1 or window < 1:
            raise ValueError("branching has a number of 1 or more for each level, and window is 1 or more")
        if kind not in ("constant", "beam"):
            raise ValueError(f"kind is 'constant' or 'beam', got {kind!r}")
        self._draft = draft
        self._branching = tuple(branching)
        self._is_beam = kind == "beam"
        self._window = window

    def begin(self, state: State) -> None:
        """Keep nothing of a request."""

    def propose(self, state: State) -> Draft:
        """Draft a tree; its siblings are in the order in which they were drawn."""
        tree = _Tree(state)
        level = [_Node(ROOT, (), 0.0, 0.0)]
        for width in self._branching:
            if len(tree.tokens) >= state.max_nodes:
                break
            logits = self._draft(windows(state.token_ids, [node.path for node in level], self._window))
            laws = [law_of(row, state.temperature) for row in logits]
            level = tree.beam(level, laws, width) if self._is_beam else tree.grown(level, laws, width)
        return tree.draft()

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Learn nothing from it."""


@dataclass(slots=True)
class _Node:
    """A place of the tree."""

    place: int
    path: tuple[int, ...]  # its tokens from the root
    probability: float  # their logarithm
    perturbed: float  # the same with the noise that draws siblings


class _Tree:
    """What is drafted so far."""

    def __init__(self, state: State) -> None:
        self.tokens: list[int] = []
        self._parents: list[int] = []
        self._laws: list[Tensor | None] = []
        self._random = state.random if state.temperature > 0 else None
        self._max_nodes = state.max_nodes

    def grown(self, level: list[_Node], laws: list[Tensor], width: int) -> list[_Node]:
        """Give each node so many children."""
        return [
            self._child(node, law, token_id)
            for node, law in zip(level, laws, strict=True)
            for token_id in draw(law, width, self._random)
            if len(self.tokens) < self._max_nodes
        ]

    def beam(self, level: list[_Node], laws: list[Tensor], width: int) -> list[_Node]:
        """Give the nodes so many children together, those of the best sequences."""
        scores = [self._perturbed(node, law) for node, law in zip(level, laws, strict=True)]
        flat = torch.cat(scores)
        size = len(laws[0])
        width = min(width, int((flat > -torch.inf).sum()), self._max_nodes - len(self.tokens))
        found: list[_Node] = []
        for at in flat.topk(width).indices.tolist():  # so siblings come in decreasing order too
            node, law, token_id = level[at // size], laws[at // size], at % size
            child = self._child(node, law, token_id)
            child.perturbed = float(flat[at])
            found.append(child)
        return found

    def draft(self) -> Draft:
        """Give the tree."""
        return Draft(tuple(self.tokens), tuple(self._parents), tuple(self._laws))

    def _perturbed(self, node: _Node, law: Tensor) -> Tensor:
        """Give (V,): perturbed log-probabilities of a node's children; its own is the greatest."""
        logs = node.probability + law.log()
        if self._random is None:
            return logs
        noisy = logs - torch.empty_like(law).exponential_(generator=self._random).log()
        if node.place == ROOT:  # nothing to be consistent with
            return noisy
        top = noisy.max()
        inner = torch.exp(-torch.tensor(node.perturbed).double()) - torch.exp(-top) + torch.exp(-noisy)
        return -torch.log(inner)

    def _child(self, node: _Node, law: Tensor, token_id: int) -> _Node:
        self.tokens.append(token_id)
        self._parents.append(node.place)
        self._laws.append(law if self._random else None)
        probability = node.probability + float(law[token_id].log())
        return _Node(len(self.tokens) - 1, (*node.path, token_id), probability, 0.0)
