"""Everything in the few heads that look far back, and a window with the mean of the rest in all others."""

import torch
from torch import Tensor

from rag.generation.kv._allocation import spread
from rag.generation.kv._cache import Head
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

    Source: RazorAttention (2407.15891), section 3.
    """

    def __init__(
        self,
        budget: float = 0.25,
        *,
        induction_share: float = 0.14,
        echo_share: float = 0.01,
        is_compensated: bool = True,
        bits: int | None = None,
        sinks: int = 4,
    ) -> None:
        """Set which heads retrieve.

        Args:
            budget: as for every policy, and so are bits and sinks.
            induction_share: of all KV heads, those that attend most to what followed an earlier copy.
            echo_share: likewise, to the earlier copy itself.
            is_compensated: fold what a window drops into one entry, which stands for so many.
            bits: see `Policy`.
            sinks: see `Policy`.
        """
        super().__init__(budget, bits=bits, sinks=sinks, window=1)
        self._induction_share, self._echo_share = induction_share, echo_share
        self._is_compensated = is_compensated

    def ranked(self, reading: Reading) -> list[int]:
        """Give the numbers of the heads that retrieve, layers in a row, the best first."""
        echo, induction = retrieval_heads(reading.model, reading.folder)
        by_echo = echo.flatten().sort(descending=True, stable=True).indices
        by_induction = induction.flatten().sort(descending=True, stable=True).indices
        best = by_echo[: round(self._echo_share * echo.numel())].tolist()
        return list(
            dict.fromkeys(best + by_induction[: round(self._induction_share * echo.numel())].tolist())
        )

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
