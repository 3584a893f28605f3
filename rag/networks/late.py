"""The head that makes token vectors for late interaction out of a frozen encoder's token states.

Beside ColBERT's linear layer: the text's mean vector takes the place of [CLS], so that MaxSim compares
whole texts too, and a query's vectors are as long as they are important. Both fit any engine of MaxSim.
Source: Khattab & Zaharia, ColBERT, 2020, section 3.2 (a linear layer, unit norm); ours: the mean and the
weights.
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rag.networks._weights import load_weights

__all__ = ["ENDS", "LateHead"]

ENDS = (0, 6)  # the depths that a query token's weight is read from: MiniLM's embeddings and last layer


class LateHead(nn.Module):
    """Token states of some depths -> one vector a token."""

    def __init__(self, depths: Sequence[int], *, size: int = 384, dim: int = 128) -> None:
        super().__init__()
        self.depths = tuple(depths)  # 0 is the embeddings, 6 the last layer of MiniLM
        self.dim = dim
        self.project = nn.Linear(len(self.depths) * size, dim)
        self.whole = nn.Linear(size, dim, bias=False)
        self.weigh = nn.Linear(len(ENDS) * size, 1)
        self.share = nn.Parameter(
            torch.zeros(())
        )  # logarithm of the whole text's weight; the tokens have 1

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

    def passages(self, states: Tensor, lengths: Sequence[int], vectors: Tensor) -> Tensor:
        """Encode passages that lie one after the other, each with [CLS] first.

        Args:
            states: (T, len(depths), D) float32, the depths in the order of `depths`.
            lengths: the number of tokens of each of N texts.
            vectors: (N, D) of unit norm, the mean of each text's last states.

        Returns:
            (T, dim) float32 of unit norm; a text's first row is of the whole text.
        """
        tokens = F.normalize(self.project(F.normalize(states, dim=-1).flatten(1)), dim=-1)
        return tokens.index_copy(0, _starts(lengths, tokens), F.normalize(self.whole(vectors), dim=-1))

    def weights(self, ends: Tensor, lengths: Sequence[int]) -> Tensor:
        """Weigh the tokens of queries that lie one after the other.

        Args:
            ends: (T, len(ENDS), D) float32, the states at the depths ENDS.
            lengths: the number of tokens of each of N texts.

        Returns:
            (T,) float32, positive: of each text the first is the weight of the whole, the others sum to 1.
        """
        starts = _starts(lengths, ends)
        of_tokens = F.softplus(self.weigh(ends.flatten(1)))[:, 0].index_fill(0, starts, 0.0)
        texts = torch.repeat_interleave(torch.as_tensor(lengths, device=ends.device))
        sums = of_tokens.new_zeros(len(lengths)).index_add(0, texts, of_tokens)
        return (of_tokens / sums[texts]).index_copy(0, starts, self.share.exp().expand(len(starts)))


def _starts(lengths: Sequence[int], like: Tensor) -> Tensor:
    counts = torch.as_tensor(lengths, device=like.device)
    return counts.cumsum(0) - counts
