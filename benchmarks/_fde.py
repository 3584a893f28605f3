"""Fixed-dimensional encodings: one vector for many, whose inner product follows MaxSim.

Space is cut into 2^bits cells by random hyperplanes, several times over. A query's block of a cell is the
sum of its tokens there, a passage's is their mean; a passage's empty cell takes its token whose cell
differs in the fewest bits. Blocks are projected by random signs and stand one after another.

Source: Dhulipala et al., MUVERA, NeurIPS 2024, section 2, https://arxiv.org/abs/2405.19504.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Vector
from rag.scoring.maxsim import spans

__all__ = ["Fde", "FdeShape"]


@dataclass(frozen=True, slots=True)
class FdeShape:
    """How large an encoding is, and the seed of its random parts."""

    num_repetitions: int = 20
    num_bits: int = 4  # 2**num_bits cells
    block_dim: int = 8  # dimensions a cell keeps
    final_dim: int | None = None  # of a last random projection of the whole; none: no such
    seed: int = 0


class Fde:
    """Encodes queries and passages of one dimension; equal shapes give equal encodings."""

    def __init__(self, dim: int, shape: FdeShape) -> None:
        if not 0 < shape.block_dim <= dim or shape.num_bits < 0 or shape.num_repetitions < 1:
            raise ValueError(f"no fixed-dimensional encoding of {dim} dimensions has the shape {shape}")
        rng = np.random.default_rng(shape.seed)
        self._num_cells = 2**shape.num_bits
        self._block_dim = shape.block_dim
        self._planes = [_gaussian(rng, dim, shape.num_bits) for _ in range(shape.num_repetitions)]
        self._signs = [
            None if shape.block_dim == dim else _signs(rng, dim, shape.block_dim) for _ in self._planes
        ]
        size = len(self._planes) * self._num_cells * self._block_dim
        self._final = None if shape.final_dim is None else _signs(rng, size, shape.final_dim)
        cells = np.arange(self._num_cells)
        self._differing = np.bitwise_count(cells[:, None] ^ cells).astype(np.int32)  # (cell, cell)
        self.dim = shape.final_dim or size

    def query(self, tokens: Vector) -> Vector:
        """Give (dim,) float32 of (Q, D): additive in the tokens; no tokens give zeros."""
        parts = []
        for planes, signs in zip(self._planes, self._signs, strict=True):
            block = np.zeros((self._num_cells, self._block_dim), dtype=np.float32)
            np.add.at(block, _cells(tokens, planes), _projected(tokens, signs))
            parts.append(block.ravel())
        encoded: Vector = self._finished(np.concatenate(parts)[None])[0]
        return encoded

    def passages(self, tokens: Vector, offsets: NDArray[np.int64]) -> Vector:
        """Give (N, dim) float32 of ragged passages as in `maxsim`."""
        encoded = np.empty((len(offsets) - 1, self.dim), dtype=np.float32)
        for first, last in spans(offsets):
            some = tokens[offsets[first] : offsets[last]].astype(np.float32)
            encoded[first:last] = self._encoded(some, offsets[first : last + 1] - offsets[first])
        return encoded

    def _encoded(self, tokens: Vector, offsets: NDArray[np.int64]) -> Vector:
        num_passages = len(offsets) - 1
        passage_of = np.repeat(np.arange(num_passages), np.diff(offsets))
        parts = []
        for planes, signs in zip(self._planes, self._signs, strict=True):
            cells, vectors = _cells(tokens, planes), _projected(tokens, signs)
            keys = passage_of * self._num_cells + cells
            order = np.argsort(keys, kind="stable")
            present, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
            blocks = np.empty((num_passages * self._num_cells, self._block_dim), dtype=np.float32)
            filled = np.zeros(len(blocks), dtype=np.bool_)
            blocks[present] = np.add.reduceat(vectors[order], starts, axis=0) / counts[:, None]
            filled[present] = True
            nearest = self._nearest(cells, offsets)
            blocks[~filled] = vectors[nearest.ravel()[~filled]]
            parts.append(blocks.reshape(num_passages, -1))
        return self._finished(np.concatenate(parts, axis=1))

    def _nearest(self, cells: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give for each passage and cell the token whose cell differs least, (N, cells): the first."""
        ranked = self._differing[cells].astype(np.int64) * len(cells) + np.arange(len(cells))[:, None]
        best: NDArray[np.int64] = np.minimum.reduceat(ranked, offsets[:-1], axis=0) % len(cells)
        return best

    def _finished(self, encoded: Vector) -> Vector:
        return encoded if self._final is None else encoded @ self._final


def _cells(tokens: Vector, planes: Vector) -> NDArray[np.int64]:
    sides: NDArray[np.int64] = (tokens @ planes > 0) @ (1 << np.arange(planes.shape[1]))
    return sides


def _projected(tokens: Vector, signs: Vector | None) -> Vector:
    return tokens if signs is None else tokens @ signs


def _gaussian(rng: np.random.Generator, dim: int, count: int) -> Vector:
    return rng.normal(size=(dim, count)).astype(np.float32)


def _signs(rng: np.random.Generator, dim: int, count: int) -> Vector:
    return (rng.integers(0, 2, size=(dim, count)) * 2.0 - 1.0).astype(np.float32) / np.float32(count**0.5)
