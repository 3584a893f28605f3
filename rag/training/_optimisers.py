"""AdamW without a schedule of the learning rate, and with a linear decay to compare it with.

Gradients are taken at y = (1 - beta1) z + beta1 x, steps move z, and x, the weighted mean of all z, is
what one evaluates and keeps. Clipping gradients makes it diverge (JaColBERTv2.5, section 4).
Source: Defazio et al., The Road Less Scheduled, 2024, algorithm 1 and appendix (warm-up, weights by
squared rate).
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Optimiser(Protocol):
    """What a training loop asks of an optimiser."""

    def step(self) -> None:
        """Take a step by the gradients, and forget them."""
        ...

    def averaged(self) -> AbstractContextManager[None]:
        """Put the parameters where they are evaluated and saved."""
        ...

    def state(self) -> dict[str, Any]:  # Any: tensors and numbers, for torch.save
        """Give what `restore` needs to go on."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a stored state."""
        ...


class ScheduleFreeAdamW:
    """An optimiser whose parameters stand at y; within `averaged` they stand at x."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        rate: float,
        warmup_steps: int = 0,
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.0,
    ) -> None:
        self._parameters = list(parameters)
        self._rate, self._warmup_steps = rate, warmup_steps
        self._beta1, self._beta2 = betas
        self._weight_decay = weight_decay
        self._steps, self._weight_sum = 0, 0.0
        self._z = [parameter.detach().clone() for parameter in self._parameters]
        self._x = [parameter.detach().clone() for parameter in self._parameters]
        self._square = [torch.zeros_like(parameter) for parameter in self._parameters]

    @torch.no_grad()
    def step(self) -> None:
        """Take a step by the gradients at y, and forget them."""
        self._steps += 1
        rate = self._rate * min(1.0, self._steps / max(1, self._warmup_steps))
        self._weight_sum += rate**2
        share = rate**2 / self._weight_sum
        correction = 1 - self._beta2**self._steps
        for y, z, x, square in zip(self._parameters, self._z, self._x, self._square, strict=True):
            assert y.grad is not None, "every parameter takes part"
            square.mul_(self._beta2).addcmul_(y.grad, y.grad, value=1 - self._beta2)
            z.sub_(rate * (y.grad / (square / correction).sqrt().add_(1e-8) + self._weight_decay * y))
            x.lerp_(z, share)
            y.copy_(z.lerp(x, self._beta1))
            y.grad = None

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the parameters at x, to evaluate or to save them."""
        kept = [parameter.detach().clone() for parameter in self._parameters]
        self._set(self._x)
        yield
        self._set(kept)

    def state(self) -> dict[str, Any]:
        """Give what `restore` needs to go on."""
        count = (self._steps, self._weight_sum)
        return {"z": self._z, "x": self._x, "square": self._square, "count": count}

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a stored state."""
        self._z, self._x, self._square = state["z"], state["x"], state["square"]
        self._steps, self._weight_sum = state["count"]
        self._set([z.lerp(x, self._beta1) for z, x in zip(self._z, self._x, strict=True)])

    @torch.no_grad()
    def _set(self, values: Iterable[Tensor]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.copy_(value)


class LinearAdamW:
    """AdamW with a warm-up and a linear decay to zero; its parameters stand where they are evaluated."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, rate: float, warmup_steps: int, steps: int
    ) -> None:
        self._adamw = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._adamw,
            lambda step: min(
                (step + 1) / max(1, warmup_steps), (steps - step) / max(1, steps - warmup_steps)
            ),
        )

    def step(self) -> None:
        """Take a step by the gradients, and forget them."""
        self._adamw.step()
        self._schedule.step()
        self._adamw.zero_grad()

    def averaged(self) -> AbstractContextManager[None]:
        """Leave the parameters as they are."""
        return nullcontext()

    def state(self) -> dict[str, Any]:
        """Give what `restore` needs to go on."""
        return {"adamw": self._adamw.state_dict(), "schedule": self._schedule.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a stored state; the parameters are restored by their owner."""
        self._adamw.load_state_dict(state["adamw"])
        self._schedule.load_state_dict(state["schedule"])
