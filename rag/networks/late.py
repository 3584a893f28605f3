"""The head that makes token vectors for late interaction out of a frozen encoder's token states.

Reading several depths of the encoder costs nothing: one pass computes them all.
Source: Khattab & Zaharia, ColBERT, 2020, section 3.2 (a linear layer without bias, unit norm).
"""

from collections.abc import Sequence
from typing import Self

from torch import Tensor, nn
from torch.nn import functional as F

from rag.networks._weights import load_weights

__all__ = ["LateHead"]


class LateHead(nn.Module):
    """Token states of some depths -> one unit vector a token."""

    def __init__(self, depths: Sequence[int], *, size: int = 384, dim: int = 128) -> None:
        super().__init__()
        self.depths = tuple(depths)  # 0 is the embeddings, 6 the last layer of MiniLM
        self.dim = dim
        self.project = nn.Linear(len(self.depths) * size, dim, bias=False)

    @classmethod
    def shipped(cls) -> Self:
        """Load the weights that the package carries, ready for inference.

        Raises:
            DamagedWeightsError: the file is not the one that was trained.
        """
        weights = load_weights("late")
        depths = weights.pop("depths").tolist()
        dim, width = weights["project.weight"].shape
        head = cls(depths, size=width // len(depths), dim=dim)
        head.load_state_dict(weights)
        return head.eval()

    def forward(self, states: Tensor) -> Tensor:
        """Project.

        Args:
            states: (..., len(depths), D) float32, the depths in the order of `depths`.

        Returns:
            (..., dim) float32 of unit norm.
        """
        return F.normalize(self.project(states.flatten(-2)), dim=-1)
