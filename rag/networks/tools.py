"""Query-tool alignment, the light variant: a low-rank residual map of MiniLM's vectors, one a side.

Source: the aim is that of QTA (Data-Efficient Massive Tool Retrieval, 2024, section 3), which trains a
language model to rewrite requests; here the vectors are moved instead, which costs microseconds.
"""

from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rag.core.types import Vector
from rag.networks._weights import load_weights

__all__ = ["ToolAlignment"]


class ToolAlignment(nn.Module):
    """Vectors of requests and of tools -> vectors that compare better; it starts as the identity."""

    def __init__(self, dim: int, rank: int) -> None:
        super().__init__()
        for side in ("query", "tool"):
            down, up = nn.Linear(dim, rank, bias=False), nn.Linear(rank, dim, bias=False)
            nn.init.zeros_(up.weight)
            self.add_module(side, nn.Sequential(down, up))

    @classmethod
    def shipped(cls) -> Self:
        """Load the weights that the package carries.

        Raises:
            DamagedWeightsError: the file is not the one that was trained.
        """
        weights = load_weights("tools")
        rank, dim = weights["query.0.weight"].shape
        alignment = cls(dim, rank)
        alignment.load_state_dict(weights)
        return alignment.requires_grad_(False).eval()

    def forward(self, vectors: Tensor, side: str) -> Tensor:
        """Move vectors (N, D) of the side `query` or `tool`; (N, D) of unit norm comes out."""
        moved: Tensor = vectors + self.get_submodule(side)(vectors)
        return F.normalize(moved, dim=-1)

    def queries(self, vectors: Vector) -> Vector:
        """Move vectors of requests, (N, D) float32."""
        return self._moved(vectors, "query")

    def tools(self, vectors: Vector) -> Vector:
        """Move vectors of tools, (N, D) float32."""
        return self._moved(vectors, "tool")

    def _moved(self, vectors: Vector, side: str) -> Vector:
        with torch.inference_mode():
            moved: Vector = self(torch.from_numpy(np.ascontiguousarray(vectors)), side).numpy()
        return moved
