"""What a pass over so many tokens costs on this machine, learned from the passes that were made.

Knows durations; what is read is others' business.
"""

__all__ = ["CostCurve"]

_KEPT = 0.98  # of what earlier passes said, at each new one
_OUTLIER = 3.0  # a pass this many times longer than expected says something of the machine's other work
_ASSUMED = {2: 1.34, 24: 2.9}  # costs, in passes of one token, until passes say better: those of a CPU


class CostCurve:
    """A cost of one token, and a straight line over two and more."""

    def __init__(self) -> None:
        """Start with assumptions, which weigh as much as two passes."""
        self._single: float | None = None
        self._sums = [0.0] * 5  # of 1, x, y, x x, x y over passes of x > 1 tokens, in passes of one
        for size, cost in _ASSUMED.items():
            self._add(size, cost)

    def note(self, num_tokens: int, seconds: float) -> None:
        """Take note of a pass."""
        if num_tokens == 1:
            single = self._single or seconds
            self._single = _KEPT * single + (1 - _KEPT) * min(seconds, _OUTLIER * single)
        elif self._single is not None:
            cost = min(seconds / self._single, _OUTLIER * self.cost(num_tokens))
            self._sums = [_KEPT * each for each in self._sums]
            self._add(num_tokens, cost)

    def cost(self, num_tokens: int) -> float:
        """Give the cost of a pass, in passes of one token; never less than one.

        >>> CostCurve().cost(1), CostCurve().cost(13)
        (1.0, 2.12)
        """
        if num_tokens == 1:
            return 1.0
        number, x, y, xx, xy = self._sums
        spread = number * xx - x * x
        slope = max((number * xy - x * y) / spread, 0.0) if spread > 1e-9 * number * number else 0.0
        return max(1.0, y / number + slope * (num_tokens - x / number))

    def _add(self, size: int, cost: float) -> None:
        for place, value in enumerate((1.0, size, cost, size * size, size * cost)):
            self._sums[place] += value
