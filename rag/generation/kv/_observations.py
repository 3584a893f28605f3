"""What the reading of a text shows of its keys: who attended to them, and what queries are like.

Attention is computed anew from queries and keys, so that the model itself may use any kernel. Knows no
policy: each takes what it needs.
"""

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor

from rag.generation.kv._cache import Layer

__all__ = ["Need", "Observations", "Strongest", "attention", "grouped"]

Need = Literal["attention", "queries"]
_QUERIES = 256  # whose attention is held at once: that of a whole text would be its length squared


class Observations:
    """Notes over one text, by layer."""

    def __init__(self, model: Any, needs: frozenset[Need], window: int) -> None:
        """Note the newest queries, and what else is needed.

        Args:
            model: whose rotation of positions is undone, for the mean of queries.
            needs: `attention`: what each key received and how spread each query's attention was, which
                costs its computation once more; `queries`: mean and second moment before rotation.
            window: newest queries that are held.
        """
        self._rotary = model.base_model.rotary_emb if "queries" in needs else None
        self._needs = needs
        self._size = window
        self.scaling = 1.0
        self.window: dict[int, Tensor] = {}  # layer -> (H, W, D)
        self.received: dict[int, Tensor] = {}  # layer -> (K, T), summed over queries, the group's mean
        self.entropy: dict[int, Tensor] = {}  # layer -> (T,) nats, of each query, the mean of the heads
        self.moments: dict[int, tuple[Tensor, Tensor, int]] = {}  # sums (H, D), (H, D, D), and their number

    def see(self, layer: Layer, queries: Tensor, scaling: float) -> None:
        """Take (H, N, D) queries of the newest tokens."""
        self.scaling = scaling
        number, keys = layer.index, layer.keys
        if number in self.window:
            held = torch.cat((self.window[number], queries), dim=1)
        else:
            held = queries
        self.window[number] = held[:, -self._size :]
        if "attention" in self._needs:
            for weights in _sliced(queries, keys, scaling):
                self._see_attention(number, weights)
        if self._rotary is not None:
            self._see_queries(number, queries, keys.shape[1] - queries.shape[1])

    def copy(self) -> "Observations":
        """Give the same notes, to which other passes can be added."""
        other = object.__new__(Observations)
        other.__dict__ = {
            name: dict(each) if isinstance(each, dict) else each for name, each in vars(self).items()
        }
        return other

    def _see_attention(self, number: int, weights: Tensor) -> None:
        received = weights.sum(dim=2).mean(dim=1)
        before = self.received.get(number)
        if before is not None:
            received[:, : before.shape[1]] += before
        self.received[number] = received
        entropy = torch.special.entr(weights).sum(dim=-1).mean(dim=(0, 1))
        known = [self.entropy[number]] if number in self.entropy else []
        self.entropy[number] = torch.cat([*known, entropy])

    def _see_queries(self, number: int, queries: Tensor, first: int) -> None:
        assert self._rotary is not None
        positions = torch.arange(first, first + queries.shape[1], device=queries.device)
        cosines, sines = self._rotary(queries, positions[None])
        left, right = queries.chunk(2, dim=-1)
        turned = queries * cosines[0] - torch.cat((-right, left), dim=-1) * sines[0]
        plain = turned / (cosines[0] ** 2 + sines[0] ** 2)  # not 1 where a model scales what it rotates
        total, squares = plain.sum(dim=1), plain.transpose(1, 2) @ plain
        if number in self.moments:
            more_total, more_squares, count = self.moments[number]
            total, squares = total + more_total, squares + more_squares
        else:
            count = 0
        self.moments[number] = total, squares, count + queries.shape[1]


class Strongest:
    """The most attention that each of the first keys received from any query."""

    def __init__(self, size: int) -> None:
        """Watch the first `size` keys, which are there before the first query to be watched."""
        self._size = size
        self.most: dict[int, Tensor] = {}  # layer -> (K, size)

    def see(self, layer: Layer, queries: Tensor, scaling: float) -> None:
        """Take (H, N, D) queries of the newest tokens."""
        for weights in _sliced(queries, layer.keys, scaling):
            most = weights[..., : self._size].amax(dim=(1, 2))
            before = self.most.get(layer.index)
            self.most[layer.index] = most if before is None else torch.maximum(most, before)


def attention(queries: Tensor, keys: Tensor, scaling: float) -> Tensor:
    """Give (K, G, N, T) weights: the newest N of T tokens, G query heads a KV head, on all before each."""
    num_kept, size = keys.shape[:2]
    num_new = queries.shape[1]
    logits = grouped(queries, num_kept) * scaling @ keys[:, None].transpose(2, 3)
    later = torch.ones(num_new, size, dtype=torch.bool, device=keys.device).triu(size - num_new + 1)
    return logits.float().masked_fill_(later, -torch.inf).softmax(dim=-1)


def grouped(heads: Tensor, num_kept: int) -> Tensor:
    """Give (K, G, ...) of (H, ...): each KV head with its query heads."""
    return heads.reshape(num_kept, -1, *heads.shape[1:])


def _sliced(queries: Tensor, keys: Tensor, scaling: float) -> Iterator[Tensor]:
    """Give `attention` of some queries at a time, on the keys up to the last of them."""
    seen = keys.shape[1] - queries.shape[1]
    for part in torch.split(queries, _QUERIES, dim=1):
        seen += part.shape[1]
        yield attention(part, keys[:, :seen], scaling)
