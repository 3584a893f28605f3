"""RASD: a tree that is retrieved, pruned by what the model expects, and fused with a drafted one."""

from collections.abc import Callable, Sequence

from torch import Tensor

from rag.generation.speculation._adjacency import Adjacency
from rag.generation.speculation._automaton import Automaton
from rag.generation.speculation._continuations import continuations
from rag.generation.speculation._drafts import NOTHING, Draft, State, fuse, tree
from rag.generation.speculation._history import History

__all__ = ["Rasd"]

_TRUSTED = 3  # a run of so many tokens needs no second opinion


class Rasd:
    """Retrieve from prompt and earlier answers by suffix; draft by recycled tokens.

    A retrieved branch stays if the drafter's distribution at the root, here the likeliest followers of the
    last token, has its first token, or the run that it follows is long. Fusion is by longest prefix.

    Source: RASD, Findings of ACL 2025, arXiv 2503.03434, sections on pruning and fusion. Its drafter is
    EAGLE's head; ours is Token Recycling's matrix, which needs no training.
    """

    def __init__(
        self,
        max_nodes: int = 24,
        *,
        retrieved_nodes: int = 12,
        history_tokens: int = 4096,
        vocabulary: Callable[[], Tensor] | None = None,
    ) -> None:
        """Set how much is drafted.

        Args:
            max_nodes: of the drafted tree.
            retrieved_nodes: of the retrieved one; both together are at most their sum.
            history_tokens: of earlier answers that are retrieved from.
            vocabulary: gives (V, at most 8) of what is likely behind each token; asked at the first answer.
        """
        if max_nodes < 1 or retrieved_nodes < 1:
            raise ValueError("max_nodes and retrieved_nodes are 1 or more")
        self._max_nodes = max_nodes
        self._retrieved_nodes = retrieved_nodes
        self._history = History(history_tokens)
        self._automaton = Automaton()
        self._fed = 0
        self._adjacency = Adjacency(vocabulary)

    def begin(self, state: State) -> None:
        """Index the prompt and earlier answers; the matrix notes the prompt, as Token Recycling's does."""
        self._automaton = self._history.begin(state)
        self._fed = 0
        self._adjacency.follow(state.token_ids)

    def propose(self, state: State) -> Draft:
        """Draft a tree."""
        self._automaton.feed(state.token_ids[self._fed :])
        self._fed = len(state.token_ids)
        retrieved = self._pruned(self._retrieved(state.max_nodes), state.token_ids[-1])
        room = min(self._max_nodes, state.max_nodes - len(retrieved))
        drafted = self._adjacency.draft(state.token_ids[-1], room) if room else NOTHING
        return fuse(retrieved, drafted)

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Note the followers of every token that was read."""
        self._adjacency.learn(list(token_ids), logits)

    def _retrieved(self, max_nodes: int) -> Draft:
        size = min(self._retrieved_nodes, max_nodes)
        return continuations(self._automaton, max_nodes=size, min_chance=0.05, max_depth=24)

    def _pruned(self, draft: Draft, last: int) -> Draft:
        """Drop the branches that start with a token which the drafter does not expect."""
        expected = self._adjacency.followers(last)
        longest = next((length for length, _ in self._automaton.matches()), 0)
        if not expected or longest >= _TRUSTED:
            return draft
        kept = [path for path in draft.paths() if path[0] in expected]
        return tree(kept, len(draft))
