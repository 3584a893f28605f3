"""Draft as much as pays: by how often such tokens were right, and by what a longer pass costs here."""

import heapq
import time
from collections.abc import Sequence

from torch import Tensor

from rag.generation.speculation._adjacency import Adjacency
from rag.generation.speculation._automaton import Automaton
from rag.generation.speculation._candidates import Candidate, Chances, after, first
from rag.generation.speculation._costs import CostCurve
from rag.generation.speculation._drafts import NOTHING, ROOT, Draft, State
from rag.generation.speculation._history import History

__all__ = ["Adaptive"]

_MIN_CHANCE = 0.02
_MIN_GAIN = 1.12  # over a pass of one token, for the estimates have errors and drafting a price
_TRUST = 4.0  # tokens, as many as hoped for, that were accepted before any were drafted
_FADING = 0.98  # of drafts before, at each new one


class Adaptive:
    """Choose among suffixes and recycled tokens, token by token, and how many.

    Every token that is written says which candidates would have been right, drafted or not: chances are
    learned without trying. The tree is grown by the greatest chance of being reached (DySpec's order), and
    cut where tokens expected for the cost of the pass are most; where that is one token, none are drafted.

    Source: Xiong et al., DySpec, arXiv 2410.11744 (growth by chance); Chen et al., Sequoia, 2402.12374
    (size by the machine's costs). The learning by kinds of candidates is ours.
    """

    def __init__(self, max_nodes: int = 48, *, history_tokens: int = 4096) -> None:
        """Set the greatest size of a draft, and how many tokens of earlier answers are drafted from."""
        if max_nodes < 1:
            raise ValueError("max_nodes is 1 or more")
        self._max_nodes = max_nodes
        self._history = History(history_tokens)
        self._automaton = Automaton()
        self._fed = 0
        self._mode = 0
        self._adjacency = Adjacency()
        self._chances = Chances()
        self._costs = CostCurve()
        self._before: dict[int, list[int]] = {}  # rows of the matrix as they were before the last pass
        self._started = 0.0
        # The drafts chosen are those whose chances are overrated most: what they gave corrects them.
        self._hoped = self._got = _TRUST
        self._open = 0.0  # hoped for of the last draft

    def begin(self, state: State) -> None:
        """Index the prompt and earlier answers; what was learned stays."""
        self._automaton = self._history.begin(state)
        self._automaton.feed(state.token_ids)
        self._fed = len(state.token_ids)
        self._mode = int(state.temperature > 0)
        self._before = {}
        self._open = 0.0

    def propose(self, state: State) -> Draft:
        """Draft a tree, or nothing where a pass of one token pays best."""
        if self._open:
            self._hoped = _FADING * self._hoped + self._open
            self._got = _FADING * self._got + len(state.token_ids) - self._fed - 1
        for place in range(self._fed, len(state.token_ids)):
            self._learn(state.token_ids[place - 1], state.token_ids[place])
        self._fed = len(state.token_ids)
        draft = self._best(state.token_ids[-1], min(self._max_nodes, state.max_nodes))
        self._started = time.thread_time()
        return draft

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Note what the pass cost, and the followers of every token that was read."""
        self._costs.note(len(token_ids), time.thread_time() - self._started)
        self._before = {token_id: self._adjacency.followers(token_id) for token_id in token_ids}
        self._adjacency.learn(list(token_ids), logits)

    def _learn(self, last: int, token_id: int) -> None:
        ranked = self._before[last] if last in self._before else self._adjacency.followers(last)
        for candidate in first(self._automaton, ranked, self._mode):
            self._chances.note(candidate, is_right=candidate.token_id == token_id)
        self._automaton.feed([token_id])

    def _best(self, last: int, max_nodes: int) -> Draft:
        """Grow a tree and cut it where it pays most."""
        heap: list[tuple[float, int, int, Candidate]] = []  # (-chance, order, parent, candidate)
        tokens: list[int] = []
        parents: list[int] = []
        order = 0
        expected, size, gain = 1.0, 0, _MIN_GAIN
        trust = min(self._got / self._hoped, 1.0)
        self._open = 0.0
        candidates = first(self._automaton, self._adjacency.followers(last), self._mode)
        parent, reached = ROOT, 1.0
        while len(tokens) < max_nodes:
            for candidate in candidates:
                order += 1
                chance = reached * self._chances.of(candidate)
                if chance >= _MIN_CHANCE:
                    heapq.heappush(heap, (-chance, order, parent, candidate))
            if not heap:
                break
            chance, _, above, best = heapq.heappop(heap)
            parent, reached = len(tokens), -chance
            tokens.append(best.token_id)
            parents.append(above)
            expected += reached
            worth = (1 + trust * (expected - 1)) / self._costs.cost(1 + len(tokens))
            if worth > gain:
                gain, size, self._open = worth, len(tokens), expected - 1
            ranked = self._adjacency.followers(best.token_id)
            candidates = after(self._automaton, best, ranked, self._mode)
        return Draft(tuple(tokens[:size]), tuple(parents[:size])) if size else NOTHING
