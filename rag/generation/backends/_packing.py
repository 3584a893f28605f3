"""Weights packed for passes of a few tokens on a CPU.

torch's own product reads a weight once for one row, and repacks it at every call for a few: two tokens then
cost nearly twice as much as one. Packed once they cost little more; in bfloat16 one row gains as well.
Knows layers alone.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from rag.encoders._precision import matrix_dtype

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
        if rows > _MAX_ROWS or (rows == 1 and self.weight.dtype == torch.float32):
            return functional.linear(inputs, self.weight, self.bias)
        packed: Tensor = torch.ops.mkldnn._linear_pointwise(inputs, self._packed, self.bias, "none", [], "")
        return packed


def pack_linears(model: nn.Module) -> None:
    """Replace the linear layers of a model on a CPU; they take twice the memory then.

    Does nothing where torch has no oneDNN, or the model is elsewhere, or of a type that the processor does
    not multiply as such.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Linear and _is_packable(
                child.weight
            ):  # what is derived computes otherwise
                setattr(module, name, _PackedLinear(child))


def _is_packable(weight: Tensor) -> bool:
    fast = (torch.float32, matrix_dtype("auto", "cpu"))
    return weight.device.type == "cpu" and weight.dtype in fast
