"""In which numbers a network multiplies: what the processor is fast at, unless one is named."""

from typing import TYPE_CHECKING, Literal, get_args

from rag.core.errors import InvalidInputError

if TYPE_CHECKING:
    import torch

__all__ = ["Precision", "matrix_dtype"]

Precision = Literal["auto", "float32", "bfloat16"]


def matrix_dtype(precision: Precision, device: str) -> "torch.dtype":
    """Give the type of a network's matrices.

    `auto` is bfloat16 on processors that have a unit for it (AMX), where a pass takes a third of the time
    (docs/experiments/speed.md), and float32 elsewhere.

    Raises:
        InvalidInputError: another word.
    """
    import torch  # noqa: PLC0415 -- takes seconds, and a setting can be checked without

    if precision not in get_args(Precision):
        raise InvalidInputError(f"precision is one of {', '.join(get_args(Precision))}, got {precision!r}")
    if precision == "auto":
        has_unit = device == "cpu" and torch.cpu.get_capabilities().get("amx_bf16", False)
        return torch.bfloat16 if has_unit else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32
