"""Weights packed for passes of a few tokens on a CPU.

torch's own product reads a weight once for one row, and repacks it at every call for a few: two tokens then
cost nearly twice as much as one. Packed once they cost little more. Knows layers alone.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["pack_linears"]

_MAX_ROWS = 64  # more repay the repacking
_HINT_ROWS = 8  # what oneDNN chooses the layout by


class _PackedLinear(nn.Module):
    """A linear layer with its weight in two layouts."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = linear.weight
        self.bias = linear.bias
        self._forward_hooks = linear._forward_hooks  # a context plan has some
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), _HINT_ROWS)

    def forward(self, inputs: Tensor) -> Tensor:
        rows = inputs.numel() // inputs.shape[-1]
        if not 1 < rows <= _MAX_ROWS:
            return functional.linear(inputs, self.weight, self.bias)
        packed: Tensor = torch.ops.mkldnn._linear_pointwise(inputs, self._packed, self.bias, "none", [], "")
        return packed


def pack_linears(model: nn.Module) -> None:
    """Replace the linear layers of a model in float32 on a CPU; they take twice the memory then.

    Does nothing where torch has no oneDNN, or the model is elsewhere or of another type.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear) and _is_packable(child.weight):
                setattr(module, name, _PackedLinear(child))


def _is_packable(weight: Tensor) -> bool:
    return weight.device.type == "cpu" and weight.dtype == torch.float32
