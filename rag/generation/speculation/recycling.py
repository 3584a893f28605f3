"""Token Recycling: what the model last found likely behind each token is likely again."""

from collections.abc import Callable, Sequence

from torch import Tensor

from rag.generation.speculation._adjacency import Adjacency
from rag.generation.speculation._drafts import Draft, State

__all__ = ["Recycling"]


class Recycling:
    """Draft a fixed tree from the followers of each token, and note those of every token that is read.

    Source: Luo et al., Turning Trash into Treasure: Token Recycling, ACL 2025, arXiv 2408.08696. The tree
    is computed for the size at hand (`template`), not the paper's list of 80 places. What followed each
    token in the prompt is noted too, before what the model found likely: it costs no pass, and answers
    repeat their prompts. And the matrix need not start empty: with `vocabulary` it knows of each token what
    the model finds likely behind that token alone (docs/experiments/decoding.md, "Several tokens a pass").
    """

    def __init__(self, max_nodes: int = 24, *, vocabulary: Callable[[], Tensor] | None = None) -> None:
        """Set the size of the tree; the paper's has 80, which suits a GPU.

        Args:
            max_nodes: of the tree.
            vocabulary: gives (V, at most 8) of what is likely behind each token; asked at the first answer.
        """
        if max_nodes < 1:
            raise ValueError("max_nodes is 1 or more")
        self._max_nodes = max_nodes
        self._adjacency = Adjacency(vocabulary)

    def begin(self, state: State) -> None:
        """Keep what earlier requests taught, and note what follows what in the prompt."""
        self._adjacency.follow(state.token_ids)

    def propose(self, state: State) -> Draft:
        """Draft a tree; nothing behind a token that was never read."""
        return self._adjacency.draft(state.token_ids[-1], min(self._max_nodes, state.max_nodes))

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Note the followers of every token that was read, accepted or not."""
        self._adjacency.learn(list(token_ids), logits)
