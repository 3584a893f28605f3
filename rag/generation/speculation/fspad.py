"""FSPAD: a head of one layer goes on from the model's last states; its tree grows where it is sure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from rag.generation.speculation._cache import PlainCache
from rag.generation.speculation._drafts import NOTHING, ROOT, Draft, State
from rag.generation.speculation._standing import Standing, head_folder
from rag.networks.fspad import FspadHead

__all__ = ["Fspad"]


class Fspad:
    """Draft level by level: the likeliest tokens of a level are gone on from, the likeliest of all drafted.

    The head sees the features of prompt and answer; behind them it reads its own estimates. Where a cache
    policy read the prompt, it sees the answer alone.

    Source: Gui et al., FSPAD, 2024, arXiv 2408.15562; the tree is EAGLE-2's, Li et al., 2024.
    """

    def __init__(
        self, heads: str = "", max_nodes: int = 8, *, max_depth: int = 4, branches: int = 3
    ) -> None:
        """Set what drafts and how much.

        Args:
            heads: the folder that training wrote.
            max_nodes: of the tree.
            max_depth: of the tree; the head runs as often.
            branches: gone on from at each level, and tokens behind each.

        Raises:
            InvalidInputError: there are no such heads.
        """
        if min(max_nodes, max_depth, branches) < 1:
            raise ValueError("max_nodes, max_depth and branches are 1 or more")
        self._folder = head_folder(heads, "fspad")
        self._max_nodes, self._max_depth, self._branches = max_nodes, max_depth, branches
        self._head: FspadHead | None = None
        self._model: Any = None  # Any: a class of transformers
        self._standing = Standing()
        self._past = PlainCache()

    def begin(self, state: State) -> None:
        """Keep what the prompt's passes showed."""

    def run(self, model: Any, **inputs: Any) -> Any:
        """Run the model; keep its features."""
        if self._head is None or self._model is not model:
            head = FspadHead.from_folder(self._folder, model)
            self._head, self._model = head.to(model.device, model.dtype), model
        output = model(**{**inputs, "output_hidden_states": True})
        if self._standing.read(inputs["past_key_values"], output.hidden_states[-1][0]):
            self._past = PlainCache()
        return output

    def propose(self, state: State) -> Draft:
        """Draft a tree; nothing before the model has read a token."""
        features = self._standing.take(state.token_ids)
        size = min(self._max_nodes, state.max_nodes)
        draft = NOTHING
        if features is not None and size > 0:
            last = len(state.token_ids) - 1
            rows = range(last - len(features), last)
            tokens = [state.token_ids[row + 1] for row in rows]
            seen = torch.ones(len(rows), len(rows), dtype=torch.bool).tril()
            feature, law = self._go_on(features, tokens, list(rows), seen, wanted=1)
            draft = self._grown(_Level(feature, law), last).best(size)
        return self._standing.drafted(draft, state.token_ids)

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Learn nothing from it."""

    def _grown(self, level: "_Level", position: int) -> "_Tree":
        """Give all nodes that were looked at, behind the token of a position."""
        grown, entries = _Tree(), 0
        for depth in range(self._max_depth):
            added = grown.add(level, self._branches)
            if depth + 1 == self._max_depth:
                break
            chosen = sorted(added, key=lambda place: -grown.values[place])[: self._branches]
            rows = [level.places.index(grown.parents[place]) for place in chosen]
            for entry, place in enumerate(chosen, start=entries):
                grown.entries[place] = [*grown.entries.get(grown.parents[place], []), entry]
            seen = torch.zeros(len(chosen), entries + len(chosen), dtype=torch.bool)
            for row, place in enumerate(chosen):
                seen[row, grown.entries[place]] = True
            tokens = [grown.tokens[place] for place in chosen]
            positions = [position + depth] * len(chosen)
            feature, law = self._go_on(level.features[rows], tokens, positions, seen, wanted=len(chosen))
            level = _Level(feature, law, chosen)
            entries += len(chosen)
        if entries:
            self._past.keep(entries, [])
        return grown

    def _go_on(
        self,
        features: Tensor,
        tokens: list[int],
        positions: list[int],
        seen: Tensor,
        *,
        wanted: int,
    ) -> tuple[Tensor, Tensor]:
        """Run the head over some more; give the next features (W, D) and the laws (W, V) on the CPU.

        Args:
            features: (N, D).
            tokens: behind each.
            positions: of the features.
            seen: (N, M) bool, which of the newest entries each sees, its own among them; all before, too.
            wanted: W, of the last ones.
        """
        assert self._head is not None
        base, device = self._model.model, features.device
        held = self._past.get_seq_length() + len(tokens) - seen.shape[1]
        mask = torch.zeros(len(tokens), held + seen.shape[1], dtype=features.dtype)
        mask[:, held:].masked_fill_(~seen, torch.finfo(features.dtype).min)
        feature, state = self._head(
            features[None],
            base.embed_tokens(torch.tensor([tokens], device=device)),
            angles=base.rotary_emb(features[None], torch.tensor([positions], device=device)),
            mask=mask[None, None].to(device),
            past=self._past,
        )
        laws = self._model.lm_head(state[0, -wanted:]).float().softmax(dim=-1)
        return feature[0, -wanted:], laws.cpu()


@dataclass(frozen=True, slots=True)
class _Level:
    """Places that are gone on from: what comes behind each."""

    features: Tensor  # (N, D)
    laws: Tensor  # (N, V)
    places: list[int] = field(default_factory=lambda: [ROOT])


@dataclass(slots=True)
class _Tree:
    """Nodes, each with the product of the chances down to it."""

    tokens: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    entries: dict[int, list[int]] = field(default_factory=dict)  # place -> of the head's cache, to it

    def add(self, level: _Level, branches: int) -> list[int]:
        """Add the likeliest tokens behind each place of a level; give their places."""
        first = len(self.tokens)
        best = level.laws.topk(min(branches, level.laws.shape[-1]))
        rows = zip(level.places, best.indices.tolist(), best.values.tolist(), strict=True)
        for parent, tokens, chances in rows:
            above = 1.0 if parent == ROOT else self.values[parent]
            self.tokens += tokens
            self.parents += [parent] * len(tokens)
            self.values += [above * chance for chance in chances]
        return list(range(first, len(self.tokens)))

    def best(self, size: int) -> Draft:
        """Draft the nodes of the greatest values; a parent's is at least its child's."""
        chosen = sorted(range(len(self.tokens)), key=lambda place: (-self.values[place], place))[:size]
        places = {place: number for number, place in enumerate(chosen)} | {ROOT: ROOT}
        parents = tuple(places[self.parents[place]] for place in chosen)
        return Draft(tuple(self.tokens[place] for place in chosen), parents)
