"""Which tokens the model last found likely behind each token, and trees of them."""

import heapq
from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from rag.generation.speculation._drafts import ROOT, Draft

__all__ = ["RANKS", "Adjacency", "template"]

RANKS = 8
# How often the token of each rank is the next one, assumed; only their order of size matters much.
_ACCEPTED = (0.46, 0.12, 0.06, 0.04, 0.03, 0.02, 0.02, 0.01)


class Adjacency:
    """(V, 8) of tokens; a row is empty until its token was read once, if no vocabulary fills it."""

    def __init__(self, vocabulary: Callable[[], Tensor] | None = None) -> None:
        """Start knowing nothing, or from the first text on (V, at most 8) followers of each token."""
        self._vocabulary = vocabulary
        self._rows = torch.zeros((0, RANKS), dtype=torch.int32)
        self._counts = torch.zeros(0, dtype=torch.int8)  # of each row's tokens

    @property
    def num_bytes(self) -> int:
        """Give how much memory the rows take."""
        return self._rows.nbytes + self._counts.nbytes

    def learn(self, token_ids: list[int], logits: Tensor) -> None:
        """Note the likeliest followers of each token, from (N, V) logits; the last of equals stands."""
        size = logits.shape[-1]
        self.note(token_ids, logits.topk(min(RANKS, size)).indices, size)

    def note(self, token_ids: list[int], best: Tensor, size: int) -> None:
        """Note (N, at most 8) followers, the likeliest first, of a vocabulary of a size."""
        self._grow(size)
        best = best.to("cpu", torch.int32)
        for token_id, row in zip(token_ids, best, strict=True):
            self._rows[token_id, : len(row)] = row
            self._counts[token_id] = len(row)

    def follow(self, token_ids: Sequence[int]) -> None:
        """Put what followed each token of a text before what is noted of it, the newest first."""
        if self._vocabulary is not None:
            best, self._vocabulary = self._vocabulary(), None
            self._learn_all(best)
        followers: dict[int, dict[int, None]] = {}
        for place in range(len(token_ids) - 1, 0, -1):
            followers.setdefault(token_ids[place - 1], {})[token_ids[place]] = None
        self._grow(max(token_ids, default=-1) + 1)
        for token_id, newest in followers.items():
            row = [*newest, *(each for each in self.followers(token_id) if each not in newest)][:RANKS]
            self._rows[token_id, : len(row)] = torch.tensor(row, dtype=torch.int32)
            self._counts[token_id] = len(row)

    def followers(self, token_id: int) -> list[int]:
        """Give the likeliest first; none of a token that was never read."""
        if token_id >= len(self._counts):
            return []
        rows: list[int] = self._rows[token_id, : int(self._counts[token_id])].tolist()
        return rows

    def _learn_all(self, best: Tensor) -> None:
        """Fill what is empty."""
        size, width = best.shape
        self._grow(size)
        empty = (self._counts[:size] == 0).nonzero()[:, 0]
        self._rows[empty, :width] = best[empty].to(torch.int32)
        self._counts[empty] = width

    def _grow(self, size: int) -> None:
        missing = size - len(self._counts)
        if missing > 0:
            self._rows = torch.cat((self._rows, self._rows.new_zeros((missing, RANKS))))
            self._counts = torch.cat((self._counts, self._counts.new_zeros(missing)))

    def draft(self, token_id: int, max_nodes: int) -> Draft:
        """Draft the template's tree behind a token, without what follows unknown ones."""
        tokens: list[int] = []
        parents: list[int] = []
        rows = {ROOT: self.followers(token_id)}
        places = {ROOT: ROOT}  # of the template -> of the draft
        for number, (parent, rank) in enumerate(template(max_nodes)):
            if parent not in places:
                continue
            at = places[parent]
            if at not in rows:
                rows[at] = self.followers(tokens[at])
            if rank < len(rows[at]):
                places[number] = len(tokens)
                tokens.append(rows[at][rank])
                parents.append(at)
        return Draft(tuple(tokens), tuple(parents))


@lru_cache(maxsize=64)
def template(size: int) -> tuple[tuple[int, int], ...]:
    """Give the (parent, rank) of each place of the best fixed tree of a size.

    Its places have the greatest chances to be reached, where each rank is accepted as often as measured
    and independently: the optimal tree under that assumption.

    >>> template(3)
    ((-1, 0), (0, 0), (-1, 1))
    """
    heap = [(-chance, ROOT, rank) for rank, chance in enumerate(_ACCEPTED)]
    heapq.heapify(heap)
    places: list[tuple[int, int]] = []
    while len(places) < size:
        chance, parent, rank = heapq.heappop(heap)
        places.append((parent, rank))
        place = len(places) - 1
        for deeper, factor in enumerate(_ACCEPTED):
            heapq.heappush(heap, (chance * factor, place, deeper))
    return tuple(places)
