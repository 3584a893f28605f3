"""Hidden transfer: the model's own state of the last token, moved on, drafts the next ones."""

import heapq
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rag.generation.speculation._drafts import NOTHING, ROOT, Draft, State
from rag.generation.speculation._standing import Standing, head_folder
from rag.networks.hidden_transfer import TransferMaps

__all__ = ["HiddenTransfer"]

_MAX_RANKS = 8


class HiddenTransfer:
    """Draft a tree from pseudo states, one law a step; its branches are the likeliest together.

    The steps do not know of each other's tokens: the chance of a path is the product of its tokens'. The
    token written last is the one behind the last state, so that step 1 drafts what follows it.

    Source: Wu et al., Hidden Transfer, 2024, arXiv 2404.12022. Its tree has a fixed shape; ours is grown by
    chance. See rag/networks/hidden_transfer.py for when the states run.
    """

    def __init__(self, heads: str = "", max_nodes: int = 8, *, min_chance: float = 0.05) -> None:
        """Set what drafts and how much.

        Args:
            heads: the folder that training wrote.
            max_nodes: of the tree.
            min_chance: of a path, below which it is not drafted.

        Raises:
            InvalidInputError: there are no such heads.
        """
        if max_nodes < 1 or not 0 <= min_chance <= 1:
            raise ValueError("max_nodes is 1 or more, min_chance from 0 to 1")
        self._folder = head_folder(heads, "hidden_transfer")
        self._max_nodes = max_nodes
        self._min_chance = min_chance
        self._maps: TransferMaps | None = None
        self._model: Any = None  # Any: a class of transformers
        self._standing = Standing()

    def begin(self, state: State) -> None:
        """Keep what the prompt's pass showed."""

    def run(self, model: Any, **inputs: Any) -> Any:
        """Run the model; keep the states that the maps take."""
        if self._maps is None or self._model is not model:
            maps = TransferMaps.from_folder(self._folder, model)
            self._maps, self._model = maps.to(model.device, model.dtype), model
        output = model(**{**inputs, "output_hidden_states": True})
        kept = inputs.get("logits_to_keep", 0)
        states = self._maps.taken([each[0, -kept:] for each in output.hidden_states])
        self._standing.read(inputs["past_key_values"], states.transpose(0, 1))  # (N, k, D)
        return output

    def propose(self, state: State) -> Draft:
        """Draft a tree; nothing before the model has read a token."""
        standing = self._standing.take(state.token_ids)
        size = min(self._max_nodes, state.max_nodes)
        draft = NOTHING
        if standing is not None and size > 0:
            draft = _tree(self._laws(standing[-1]), size, self._min_chance)
        return self._standing.drafted(draft, state.token_ids)

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Learn nothing from it."""

    def _laws(self, states: Tensor) -> list[tuple[list[int], list[float]]]:
        """Give for each step its likeliest tokens and their chances, from (k, D) states of one token."""
        assert self._maps is not None
        past = self._standing.cache
        read = past.get_seq_length()
        pseudo = self._maps(
            self._model,
            states[:, None, None],
            past,
            seen=torch.ones(1, read, dtype=torch.bool, device=states.device),
            positions=torch.tensor([read - 1], device=states.device),
        )
        laws = self._model.lm_head(pseudo[0, 0]).float().softmax(dim=-1).cpu()
        best = laws.topk(min(_MAX_RANKS, laws.shape[-1]))
        return list(zip(best.indices.tolist(), best.values.tolist(), strict=True))


def _tree(laws: list[tuple[list[int], list[float]]], max_nodes: int, min_chance: float) -> Draft:
    """Take the paths with the greatest products of chances; a path's beginning has a greater one."""
    tokens: list[int] = []
    parents: list[int] = []
    heap = [(-chance, ROOT, 0, rank) for rank, chance in enumerate(laws[0][1])]
    heapq.heapify(heap)
    while heap and len(tokens) < max_nodes:
        chance, parent, step, rank = heapq.heappop(heap)
        if -chance < min_chance:
            break
        tokens.append(laws[step][0][rank])
        parents.append(parent)
        if step + 1 < len(laws):
            for below, factor in enumerate(laws[step + 1][1]):
                heapq.heappush(heap, (chance * factor, len(tokens) - 1, step + 1, below))
    return Draft(tuple(tokens), tuple(parents))
