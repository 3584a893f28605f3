"""In which numbers a network multiplies: what the processor is fast at, unless one is named."""

from typing import TYPE_CHECKING, Literal, get_args

from rag.core.errors import InvalidInputError

if TYPE_CHECKING:
    import torch

__all__ = ["Precision", "matrix_dtype"]

Precision = Literal["auto", "float32", "bfloat16"]


def matrix_dtype(precision: Precision, device: str) -> "torch.dtype":
    """Give the type of a network's matrices.

    `auto` is bfloat16 on processors that multiply it as such, by AMX or by AVX-512, where a pass takes a
    third or three fifths of the time (docs/experiments/speed.md), and float32 elsewhere.

    Raises:
        InvalidInputError: another word.
    """
    import torch  # noqa: PLC0415 -- takes seconds, and a setting can be checked without

    if precision not in get_args(Precision):
        raise InvalidInputError(f"precision is one of {', '.join(get_args(Precision))}, got {precision!r}")
    if precision == "auto":
        able = torch.cpu.get_capabilities() if device == "cpu" else {}
        return torch.bfloat16 if able.get("amx_bf16") or able.get("avx512_bf16") else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32
