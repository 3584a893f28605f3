"""Feedback as a network: the question's vector, moved by what its first answers say, as far as they help.

Question and passages attend to each other in a narrow space; out comes a weight for each passage, below
zero where it leads away. Without passages nothing moves; it starts as the identity and is blind to the
order of the passages.

Source: the aim and the training are those of LoL (Zhu et al., SIGIR 2022, https://arxiv.org/abs/2204.11545,
section 3); there a language model reads the passages' texts, here their vectors are read, which costs
microseconds and needs no text.
"""

from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rag.core.types import Vector
from rag.networks._weights import load_weights

__all__ = ["Reformulator"]

_HEADS = 4


class Reformulator(nn.Module):
    """A question's vector and those of some passages -> the vector to search with."""

    def __init__(self, dim: int, width: int = 96, num_layers: int = 2) -> None:
        super().__init__()
        self.down = nn.Linear(dim, width)
        self.closeness = nn.Linear(1, width, bias=False)  # of a passage and the question: their cosine
        self.role = nn.Parameter(torch.zeros(2, width))  # of the question, of a passage
        layer = nn.TransformerEncoderLayer(
            width, _HEADS, 2 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.weight = nn.Linear(width, 1)
        nn.init.zeros_(self.weight.weight)
        nn.init.zeros_(self.weight.bias)

    @classmethod
    def shipped(cls) -> Self:
        """Load the weights that the package carries.

        Raises:
            DamagedWeightsError: the file is not the one that was trained.
        """
        weights = load_weights("feedback")
        width, dim = weights["down.weight"].shape
        num_layers = len({name.split(".")[2] for name in weights if name.startswith("layers.layers.")})
        network = cls(dim, width, num_layers)
        network.load_state_dict(weights)
        return network.requires_grad_(False).eval()

    @property
    def dim(self) -> int:
        """Give the length of the vectors that it reads."""
        return self.down.in_features

    def forward(self, questions: Tensor, passages: Tensor, is_there: Tensor) -> Tensor:
        """Move questions.

        Args:
            questions: (B, D) of unit norm.
            passages: (B, N, D) of unit norm.
            is_there: (B, N) bool; the others count for nothing.

        Returns:
            (B, D) of unit norm.
        """
        both = torch.cat((questions[:, None], passages), dim=1)  # (B, 1 + N, D)
        closeness = (both @ questions[:, :, None])[:, 1:]  # (B, N, 1)
        states = self.down(both)
        states[:, 0] += self.role[0]
        states[:, 1:] += self.role[1] + self.closeness(closeness)
        hidden = F.pad(~is_there, (1, 0))  # the question is always there
        states = self.norm(self.layers(states, src_key_padding_mask=hidden))
        weights = self.weight(states[:, 1:]).masked_fill(~is_there[:, :, None], 0.0)
        return F.normalize(questions + (weights * passages).sum(dim=1), dim=-1)

    def moved(self, question: Vector, passages: Vector) -> Vector:
        """Move one question (D,) by its passages (N, D)."""
        with torch.inference_mode():
            found: Vector = self(
                torch.from_numpy(np.array(question))[None],
                torch.from_numpy(np.array(passages))[None],
                torch.ones(1, len(passages), dtype=torch.bool),
            )[0].numpy()
        return found
