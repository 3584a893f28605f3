"""DySpec: the tree of a smaller model is grown where it is likeliest to be reached."""

import heapq
from collections.abc import Sequence

from torch import Tensor

from rag.generation.speculation._draft_model import NextLogits, draw, law_of, windows
from rag.generation.speculation._drafts import ROOT, Draft, State

__all__ = ["Dyspec"]


class Dyspec:
    """Draft node by node: the next one where the chance that it is reached is estimated greatest.

    The estimate is the product of the drafter's probabilities above, and of what earlier siblings left; it
    is taken before the token is drawn, for choosing after would change the law that verification rests on.
    At temperature 0 no token is drawn, and its own probability counts: the tree is the best of its size.

    Source: Xiong et al., DySpec, arXiv 2410.11744, algorithm 1.
    """

    def __init__(self, draft: NextLogits, max_nodes: int = 8, *, window: int = 32) -> None:
        """Set what drafts (it is asked once a node), how many nodes, and how many tokens it sees."""
        if max_nodes < 1 or window < 1:
            raise ValueError("max_nodes and window are 1 or more")
        self._draft = draft
        self._max_nodes = max_nodes
        self._window = window

    def begin(self, state: State) -> None:
        """Keep nothing of a request."""

    def propose(self, state: State) -> Draft:
        """Draft a tree; its siblings are in the order in which they were drawn."""
        tokens: list[int] = []
        parents: list[int] = []
        laws: list[Tensor | None] = []
        paths: list[tuple[int, ...]] = []
        random = state.random if state.temperature > 0 else None
        # (-value, order, chance to be tried, parent, the law there and what siblings left of it)
        heap: list[tuple[float, int, float, int, tuple[Tensor, Tensor] | None]] = []
        heapq.heappush(heap, (-1.0, 0, 1.0, ROOT, None))
        order = 0
        while heap and len(tokens) < min(self._max_nodes, state.max_nodes):
            _, _, chance, parent, known = heapq.heappop(heap)
            path = () if parent == ROOT else paths[parent]
            order += 2
            if known is None:
                seen = windows(state.token_ids, [path], self._window)
                law = law_of(self._draft(seen)[0], state.temperature)
                value = _value(chance, law, is_drawn=random is not None)
                heapq.heappush(heap, (-value, order, chance, parent, (law, law)))
                continue
            law, left = known
            token_id = draw(left, 1, random)[0]
            share = float(left[token_id])
            paths.append((*path, token_id))
            tokens.append(token_id)
            parents.append(parent)
            laws.append(law if random else None)
            heapq.heappush(heap, (-chance * share, order, chance * share, len(tokens) - 1, None))
            rest = left.clone()
            rest[token_id] = 0
            if rest.sum() > 0:
                rest = rest / rest.sum()
                other = chance * (1 - share)
                value = _value(other, rest, is_drawn=random is not None)
                heapq.heappush(heap, (-value, order + 1, other, parent, (law, rest)))
        return Draft(tuple(tokens), tuple(parents), tuple(laws))

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Learn nothing from it."""


def _value(chance: float, left: Tensor, *, is_drawn: bool) -> float:
    """Give what a place is worth: the chance that it is tried, or where its token is sure, accepted."""
    return chance if is_drawn else chance * float(left.max())
