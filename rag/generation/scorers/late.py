"""How well the words of a question are matched by those of a passage: late interaction, as `late` searches.

Source: Khattab & Zaharia, ColBERT, SIGIR 2020, https://arxiv.org/abs/2004.12832. Deviation: the sum is
divided by the most that it can be, so that a score says the same of short and of long questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.core.protocols import LateEncoder
from rag.core.types import Vector
from rag.scoring.maxsim import join, maxsim

__all__ = ["Late"]


@dataclass(frozen=True, slots=True)
class Late:
    """Score passages by MaxSim."""

    late_encoder: LateEncoder

    def scores(self, query: str, passages: Sequence[str]) -> Vector:
        """Give (N,) float32, at most 1, which a passage with the question's own words has."""
        if not passages:
            return np.zeros(0, dtype=np.float32)
        (asked,) = self.late_encoder.encode_queries([query])
        tokens, offsets = join(self.late_encoder.encode_passages(passages))
        scores: Vector = maxsim(asked, tokens, offsets) / np.linalg.norm(asked, axis=1).sum()
        return scores
