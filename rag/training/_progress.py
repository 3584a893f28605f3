"""Where a training is, printed now and then.

Knows steps and losses; what is trained is others' business.
"""

import sys
import time

import torch
from torch import Tensor

__all__ = ["Progress"]


class Progress:
    """A line every so many steps: the mean loss since the last one, and the minutes that are left."""

    def __init__(self, done: int, steps: int, *, every: int, what: str = "step") -> None:
        """Start the clock at the steps that were done before."""
        self._done, self._steps, self._every, self._what = done, steps, every, what
        self._started = time.perf_counter()
        self._losses: list[Tensor] = []  # read only when printed: reading waits for the device

    def note(self, step: int, loss: Tensor | None = None, *, is_last: bool) -> None:
        """Take note of a step; the last one prints too."""
        if loss is not None:
            self._losses.append(loss)
        if step % self._every and not is_last:
            return
        left = (time.perf_counter() - self._started) / (step - self._done) * (self._steps - step)
        mean = f", loss {torch.stack(self._losses).mean().item():.3f}" if self._losses else ""
        print(
            f"{self._what} {step} of {self._steps}{mean}, {left / 60:.1f} minutes left",
            file=sys.stderr,
            flush=True,
        )
        self._losses.clear()
