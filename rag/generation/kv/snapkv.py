"""What the newest tokens attend to: good where they are the question, blind where they are not."""

from torch import Tensor
from torch.nn.functional import avg_pool1d, max_pool1d

from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading, attention_of_window

__all__ = ["Snapkv"]


class Snapkv(Policy):
    """Score by the window's attention, pooled over neighbours.

    Source: SnapKV (2404.14469), section 4, algorithm 1.
    """

    def __init__(
        self,
        budget: float = 0.25,
        *,
        pooling: str = "max",
        kernel: int = 7,
        allocation: str | None = None,
        bits: int | None = None,
        window: int = 32,
    ) -> None:
        """Set how neighbours share scores.

        Args:
            budget: as for every policy, and so are allocation, bits and window.
            pooling: `max` or `avg`.
            kernel: how many neighbours, an odd number; whole answers stay only if it covers them.
            allocation: see `Policy`.
            bits: see `Policy`.
            window: see `Policy`.
        """
        super().__init__(budget, allocation=allocation, bits=bits, window=window)
        if pooling not in ("max", "avg") or kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"pooling is max or avg, kernel odd; got {pooling!r} and {kernel}")
        self._pool = max_pool1d if pooling == "max" else avg_pool1d
        self._kernel = kernel

    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Score by attention."""
        received = attention_of_window(cache, reading.seen)
        pooled: Tensor = self._pool(received, self._kernel, stride=1, padding=self._kernel // 2)
        return pooled
