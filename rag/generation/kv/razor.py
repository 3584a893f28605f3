"""Everything in the few heads that look far back, and a window with the mean of the rest in all others."""

import torch
from torch import Tensor

from rag.generation.kv._allocation import spread
from rag.generation.kv._entries import Head
from rag.generation.kv._heads import retrieval_heads
from rag.generation.kv._policy import Reading
from rag.generation.kv._reduction import compensate, evict
from rag.generation.kv.streaming import Streaming

__all__ = ["Razor"]

_MIN_ENTRIES = 24  # of a head that retrieves nothing


class Razor(Streaming):
    """Find the heads that retrieve by a probe of the model, once; keep all of theirs.

    The budget decides the window of the other heads. Where it is too small for one, fewer heads
    count as retrieving, the best of them.

    Source: RazorAttention (2407.15891), section 3. It takes 14% of the heads by induction and 1% by echo;
    we take as many by the sum of the two: to give a number back, a head may look at the number as well
    as at what stands before it (docs/experiments/decoding.md, "A smaller cache": 39 of 60 numbers, and 58).
    """

    def __init__(
        self,
        budget: float = 0.25,
        *,
        share: float = 0.15,
        is_compensated: bool = True,
        bits: int | None = None,
        sinks: int = 4,
    ) -> None:
        """Set which heads retrieve.

        Args:
            budget: as for every policy, and so are bits and sinks.
            share: of all KV heads, those that attend most to an earlier copy and to what followed it.
            is_compensated: fold what a window drops into one entry, which stands for so many.
            bits: see `Policy`.
            sinks: see `Policy`.
        """
        super().__init__(budget, bits=bits, sinks=sinks, window=1)
        self.share = share
        self._is_compensated = is_compensated

    @property
    def least(self) -> int:
        """Give the smallest window of a head that retrieves nothing."""
        return _MIN_ENTRIES

    def ranked(self, reading: Reading) -> list[int]:
        """Give the numbers of the heads that retrieve, layers in a row, the best first."""
        echo, induction = retrieval_heads(reading.model, reading.folder)
        order = (echo + induction).flatten().sort(descending=True, stable=True).indices
        best: list[int] = order[: round(self.share * len(order))].tolist()
        return best

    def counts(self, scores: Tensor, reading: Reading) -> Tensor:
        """Give retrieving heads everything, and divide the rest."""
        layers, num_heads, size = scores.shape
        total, count = max(1, round(self.budget * scores.numel())), layers * num_heads
        least = min(_MIN_ENTRIES, total // count)
        ranked = self.ranked(reading)
        full = ranked[: max(0, total - least * count) // max(1, size - least)]
        counts = torch.full((count,), size)
        is_other = torch.ones(count, dtype=torch.bool)
        is_other[full] = False
        others = int(is_other.sum())
        counts[is_other] = spread(total - size * len(full), torch.ones(others), size)
        return counts.view(layers, num_heads)

    def reduce(self, keys: Tensor, values: Tensor, places: Tensor, scores: Tensor) -> Head:
        """Fold what is dropped into one entry, or drop it."""
        return (compensate if self._is_compensated else evict)(keys, values, places)
