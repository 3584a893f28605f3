"""Vectors in 8 or 4 bits a number, after a rotation that spreads large numbers over all coordinates.

Knows the codes; what the vectors mean is others' business.
"""

from functools import lru_cache

import torch
from torch import Tensor

__all__ = ["Quantised"]

_LEAST_SCALE = 6e-5  # the least that float16 holds in full precision


class Quantised:
    """Vectors as signed codes with one float16 scale each, rotated before rounding.

    Source: TurboQuant (2504.19874), section 3: a random rotation makes the coordinates alike, so that
    one step size serves all. We take the largest coordinate as the scale and equal steps, where the
    paper has Lloyd-Max steps and a correction bit.
    """

    def __init__(self, vectors: Tensor, bits: int) -> None:
        """Take (N, D) vectors; D even.

        Raises:
            ValueError: bits that are neither 4 nor 8.
        """
        if bits not in (4, 8):
            raise ValueError(f"keys and values take 4 or 8 bits a number, not {bits}")
        self._bits, self._dtype = bits, vectors.dtype
        self._rotation = _rotation(vectors.shape[-1], vectors.device)
        rotated = vectors.float() @ self._rotation
        limit = 2 ** (bits - 1) - 1
        scale = rotated.abs().amax(dim=-1, keepdim=True) / limit
        self._scales = scale.clamp_min(_LEAST_SCALE).half()
        codes = (rotated / self._scales.float()).round().clamp(-limit, limit).to(torch.int8)
        self._codes = codes if bits == 8 else _packed(codes)

    def __getitem__(self, rows: slice) -> Tensor:
        """Give vectors back, as near as the bits allow, in the type they came in."""
        codes = self._codes[rows] if self._bits == 8 else _unpacked(self._codes[rows])
        vectors: Tensor = (codes.float() * self._scales[rows].float()) @ self._rotation.T
        return vectors.to(self._dtype)

    @property
    def num_bytes(self) -> int:
        """Count codes and scales; the rotation is one for all layers."""
        count: int = self._codes.nbytes + self._scales.nbytes
        return count


def _packed(codes: Tensor) -> Tensor:
    shifted = (codes + 8).to(torch.uint8)
    return shifted[:, ::2] | (shifted[:, 1::2] << 4)


def _unpacked(codes: Tensor) -> Tensor:
    return torch.stack((codes & 15, codes >> 4), dim=-1).flatten(1).to(torch.int8) - 8


@lru_cache(maxsize=8)
def _rotation(size: int, device: torch.device) -> Tensor:
    random = torch.Generator().manual_seed(0)
    rotation: Tensor = torch.linalg.qr(torch.randn(size, size, generator=random))[0]
    return rotation.to(device)
