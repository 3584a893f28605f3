"""Keys and values in fewer dimensions: what a layer's heads are mapped to, and back.

Knows the mathematics; what it is fitted on is _calibration.py's business, where it is stored _entries.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

__all__ = ["LowRank", "Rotation", "Spectrum", "divided", "low_rank"]

_TABLE_STEP = 1024  # positions looked up are made so many at a time
_STEP = 4  # dimensions come and go in such blocks: an even number, which 4 bits a number need
_RIDGE = 1e-4  # of the mean weight of a direction: what no query asks for counts a little all the same


@dataclass(frozen=True, slots=True)
class Spectrum:
    """All directions of one layer's keys, or values, those that matter most first.

    Vectors x become (x - mean) @ down, and these @ up + mean: with all D columns x again, with the first r
    the best that r numbers can do for the products that x goes into.
    """

    mean: Tensor  # (K, D)
    down: Tensor  # (K, D, D)
    up: Tensor  # (K, D, D)
    energy: Tensor  # (K, D), the squared error of leaving a direction out, falling; sums to 1

    @classmethod
    def fit(cls, mean: Tensor, spread: Tensor, weight: Tensor) -> Self:
        """Find the directions of vectors whose error is weighed.

        With weight = L L' this is the singular value decomposition of the vectors times L, by its Gram
        matrix: no other r directions leave a smaller error (Eckart-Young).

        Args:
            mean: (K, D) float64, of the vectors.
            spread: (K, D, D), their covariance.
            weight: (K, D, D), second moments of what the vectors are multiplied with.
        """
        size = mean.shape[-1]
        scale = weight.diagonal(dim1=-2, dim2=-1).mean(dim=-1).clamp_min(1e-12)[:, None, None]
        root = torch.linalg.cholesky(weight + _RIDGE * scale * torch.eye(size, dtype=weight.dtype))
        energy, directions = torch.linalg.eigh(root.mT @ spread @ root)
        energy, directions = energy.flip(-1).clamp_min(0), directions.flip(-1)
        up = torch.linalg.solve_triangular(root, directions.mT, upper=False, left=False)
        shares = energy / energy.sum(dim=-1, keepdim=True).clamp_min(1e-30)
        return cls(mean.float(), (root @ directions).float(), up.float(), shares.float())

    def cut(self, rank: int, like: Tensor) -> "Factors":
        """Keep the first directions, in the type and on the device of a tensor."""
        parts = self.mean, self.down[..., :rank], self.up[:, :rank]
        return Factors(*(part.to(like).contiguous() for part in parts))


@dataclass(frozen=True, slots=True)
class Factors:
    """The map of one layer's keys or values to r numbers, and back."""

    mean: Tensor  # (K, D)
    down: Tensor  # (K, D, r)
    up: Tensor  # (K, r, D)

    def narrow(self, vectors: Tensor, number: int) -> Tensor:
        """Give (N, r) of one head's (N, D)."""
        return (vectors - self.mean[number]) @ self.down[number]

    def widen(self, narrow: Tensor, number: int) -> Tensor:
        """Give (N, D) of one head's (N, r)."""
        return narrow @ self.up[number] + self.mean[number]


class Rotation:
    """What a model does to keys and queries by their position, and its inverse."""

    def __init__(self, rotary: Any) -> None:
        """Take a model's rotary embedding, which gives cosines and sines for all D coordinates."""
        self._rotary = rotary
        self._table: tuple[Tensor, Tensor] | None = None

    def do(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """Rotate (..., N, D) vectors to their (N,) positions."""
        cosines, sines = self._turns(vectors, positions)
        return vectors * cosines + _half_turned(vectors) * sines

    def undo(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """Rotate (..., N, D) vectors back from their (N,) positions."""
        cosines, sines = self._turns(vectors, positions)
        return vectors * cosines - _half_turned(vectors) * sines

    def _turns(self, like: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        most = int(positions.max()) if len(positions) else 0
        if self._table is None or len(self._table[0]) <= most:
            places = torch.arange(most + _TABLE_STEP, device=like.device)[None]
            # `forward` and no hooks: a context plan's note the positions of the pass that is under way.
            cosines, sines = (part[0].float() for part in self._rotary.forward(like, places))
            length = (cosines**2 + sines**2).sqrt()  # over 1 where a model scales what it rotates
            self._table = (cosines / length).to(like), (sines / length).to(like)
        return self._table[0][positions], self._table[1][positions]


@dataclass(frozen=True, slots=True)
class LowRank:
    """Keys, as they are before rotation, and values of one layer in fewer dimensions."""

    keys: Factors
    values: Factors
    rotation: Rotation


def low_rank(
    spectra: Sequence[tuple[Spectrum, Spectrum]], share: float, *, rotation: Rotation, like: Tensor
) -> list[LowRank]:
    """Give each layer's keys and values as many directions as they have among the best of all layers.

    Args:
        spectra: of keys and values, by layer.
        share: of all dimensions that is kept, over 0 and at most 1.
        rotation: of the model.
        like: a tensor of the model.
    """
    parts = [part for layer in spectra for part in layer]
    ranks = divided(torch.stack([part.energy.sum(dim=0) for part in parts]), share)
    cuts = [part.cut(rank, like) for part, rank in zip(parts, ranks, strict=True)]
    return [LowRank(*pair, rotation) for pair in zip(cuts[::2], cuts[1::2], strict=True)]


def divided(energies: Tensor, share: float) -> list[int]:
    """Divide a share of all D dimensions of N parts, whose (N, D) energies fall; each has at least a few.

    >>> divided(torch.tensor([[8.0] * 4 + [1.0] * 4, [8.0] * 4 + [3.0] * 4]), 0.75)
    [4, 8]
    """
    number, size = energies.shape
    steps = torch.arange(0, size, _STEP)
    blocks = torch.stack([energies[:, step : step + _STEP].mean(dim=-1) for step in steps], dim=-1)
    blocks[:, 0] = torch.inf
    widths = torch.tensor([min(_STEP, size - step) for step in steps.tolist()]).repeat(number)
    order = blocks.flatten().sort(descending=True, stable=True).indices
    fits = widths[order].cumsum(0) <= max(round(share * energies.numel()), _STEP * number)
    is_kept = torch.zeros(len(order), dtype=torch.bool).index_fill(0, order[fits], value=True)
    kept = torch.where(is_kept, widths, 0).view(number, -1).sum(dim=-1)
    return [int(each) for each in kept]


def _half_turned(vectors: Tensor) -> Tensor:
    left, right = vectors.chunk(2, dim=-1)
    return torch.cat((-right, left), dim=-1)
