"""The likeliest chain of tokens behind a text: the best branch of fused suffixes and recycled tokens.

vLLM verifies chains, no trees. How long a chain is follows from how often its kinds of tokens were right.
Knows nothing of vLLM.
"""

from dataclasses import dataclass, field

from torch import Tensor

from rag.generation.speculation._adjacency import Adjacency
from rag.generation.speculation._automaton import Automaton
from rag.generation.speculation._candidates import Chances, after, first
from rag.generation.vllm_plugin.options import ProposerKind

__all__ = ["Chain", "Chains"]

_TRUST = 4.0  # tokens, as many as hoped for, that were accepted before any were drafted
_FADING = 0.98  # of drafts before, at each new one


@dataclass(frozen=True, slots=True)
class Chain:
    """Drafted tokens, and how many of them are hoped to be right."""

    token_ids: tuple[int, ...] = ()
    hoped: float = 0.0


@dataclass(slots=True)
class Chains:
    """Draft chains, and learn from what came instead.

    Every token that is written says which candidates would have been right, drafted or not.

    Source: RASD, arXiv 2503.03434 (fusion of what is retrieved and what is drafted), Luo et al., Token
    Recycling, arXiv 2408.08696, Oliaro et al., SuffixDecoding, NeurIPS 2025. The reduction to a chain and
    its length by learned chances are ours.
    """

    kind: ProposerKind
    min_chance: float
    _adjacency: Adjacency = field(default_factory=Adjacency)
    _chances: Chances = field(default_factory=Chances)
    # The tokens chosen are those whose chances are overrated most: what they gave corrects them.
    _hoped: float = _TRUST
    _got: float = _TRUST

    @property
    def reads_suffixes(self) -> bool:
        """Say whether texts have to be indexed."""
        return self.kind != "recycling"

    @property
    def reads_logits(self) -> bool:
        """Say whether it learns from what the model finds likely."""
        return self.kind != "suffix"

    def learn(self, automaton: Automaton, last: int, token_id: int) -> None:
        """Note which candidates behind the last token of the text were right; before the text goes on."""
        for candidate in first(automaton, self._followers(last), 0):
            self._chances.note(candidate, is_right=candidate.token_id == token_id)

    def settle(self, chain: Chain, accepted: int) -> None:
        """Note how much of a chain was accepted."""
        if chain.token_ids:
            self._hoped = _FADING * self._hoped + chain.hoped
            self._got = _FADING * self._got + accepted

    def recycle(self, token_ids: list[int], best: Tensor, size: int) -> None:
        """Note (N, 8) likeliest followers of tokens that the model read."""
        self._adjacency.note(token_ids, best, size)

    def draft(self, automaton: Automaton, last: int, max_tokens: int) -> Chain:
        """Draft behind the text, as long as the chance to get there and be right is worth it."""
        trust = min(self._got / self._hoped, 1.0)
        token_ids: list[int] = []
        hoped, reached = 0.0, 1.0
        candidates = first(automaton, self._followers(last), 0)
        while candidates and len(token_ids) < max_tokens:
            best = max(candidates, key=self._chances.of)
            reached *= self._chances.of(best)
            if trust * reached < self.min_chance:
                break
            token_ids.append(best.token_id)
            hoped += reached
            candidates = after(automaton, best, self._followers(best.token_id), 0)
        return Chain(tuple(token_ids), hoped)

    def _followers(self, token_id: int) -> list[int]:
        return self._adjacency.followers(token_id) if self.reads_logits else []
