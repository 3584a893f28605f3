"""Low-rank updates of linear layers, trained in place of the layers themselves.

Source: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2021, section 4.1; on every linear
layer, the update scaled by 2.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

__all__ = ["add_low_rank", "merge_low_rank"]

_SCALE = 2.0


class _LowRank(nn.Module):
    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, weight.shape[1]) / weight.shape[1] ** 0.5)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + _SCALE * (self.up @ self.down)


def add_low_rank(layers: Iterable[nn.Module], rank: int) -> None:
    """Freeze the layers, and let an update of a rank of each linear part be trained; at first it is 0."""
    for part in _linear(layers):
        parametrize.register_parametrization(part, "weight", _LowRank(part.weight, rank))
    for layer in layers:
        for name, parameter in layer.named_parameters():
            parameter.requires_grad_(name.endswith((".up", ".down")) and "parametrizations" in name)


def merge_low_rank(layers: Iterable[nn.Module]) -> None:
    """Make the updates part of the layers; the outputs stay the same."""
    for part in _linear(layers):
        parametrize.remove_parametrizations(part, "weight", leave_parametrized=True)
    for layer in layers:
        layer.requires_grad_(True)


def _linear(layers: Iterable[nn.Module]) -> list[nn.Linear]:
    return [part for layer in layers for part in layer.modules() if isinstance(part, nn.Linear)]
