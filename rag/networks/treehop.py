"""TreeHop: the question's vector and that of a passage found -> the vector of the next question.

Plain torch. `paper` has the 25,192,448 parameters of the paper, for vectors of 1024 numbers; `shipped` is
our own, smaller, for MiniLM's 384, and adds the passage where the paper takes it away: in MiniLM's space
q - c is further from the next passage than q, and q + c is nearer
(docs/experiments/multi-hop.md). Knows no search.

Source: Li et al., TreeHop, 2025, section 3, https://arxiv.org/abs/2504.20114. We leave out the dropout that
the authors' code applies to a copy that takes no part in the loss.
"""

import math
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from rag.core.types import Vector
from rag.networks._weights import load_weights

__all__ = ["TreeHop"]


class TreeHop(nn.Module):
    """q' = q + share * c + W_s U(q, c), where the gate U looks for what of the passage to keep.

    The gate has no sequence: its softmax runs over the features of one pair. The paper's share is -1.
    """

    share: Tensor

    def __init__(self, dim: int, *, gate: int, num_blocks: int = 3, share: float = -1.0) -> None:
        super().__init__()
        self.register_buffer("share", torch.tensor(share))
        self.query, self.key, self.value = (nn.Linear(dim, gate) for _ in range(3))
        self.blocks = nn.ModuleList(_Block(gate) for _ in range(num_blocks))
        self.mix = nn.Linear(gate, gate)
        self.update = nn.Linear(gate, dim, bias=False)  # W_s

    @classmethod
    def paper(cls) -> Self:
        """Build the module of the paper, untrained."""
        return cls(1024, gate=2048)

    @classmethod
    def shipped(cls) -> Self:
        """Load the weights that the package carries, ready for inference.

        Raises:
            DamagedWeightsError: the file is not the one that was trained.
        """
        weights = load_weights("treehop")
        dim, gate = weights["update.weight"].shape
        blocks = {name.split(".")[1] for name in weights if name.startswith("blocks.")}
        module = cls(dim, gate=gate, num_blocks=len(blocks))
        module.load_state_dict(weights)
        return module.requires_grad_(False).eval()

    def forward(self, states: Tensor, passages: Tensor) -> Tensor:
        """Give the states (B, D) after passages (B, D); they are carried on as they are, of any norm."""
        attended = self.attention(states, passages) * self.value(passages)
        gated = attended
        for block in self.blocks:
            gated = block(gated)
        moved: Tensor = states + self.share * passages + self.update(self.mix(gated) + attended)
        return moved

    def attention(self, states: Tensor, passages: Tensor) -> Tensor:
        """Give (B, G), each row of sum 1: how much each feature counts."""
        products = self.query(states) * self.key(passages)
        return torch.softmax(products / math.sqrt(products.shape[-1]), dim=-1)

    def hop(self, states: Vector, passages: Vector) -> Vector:
        """Give the states (B, D) float32 after passages (B, D) float32."""
        with torch.inference_mode():
            moved: Vector = self(
                torch.from_numpy(np.ascontiguousarray(states)),
                torch.from_numpy(np.ascontiguousarray(passages)),
            ).numpy()
        return moved


class _Block(nn.Module):
    """A residual block: x + ReLU(linear(norm(x)))."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.linear = nn.Linear(size, size)

    def forward(self, values: Tensor) -> Tensor:
        """Give values of the same shape."""
        return values + torch.relu(self.linear(self.norm(values)))
