"""Coefficients of the logistic models of support.py.

Fitted by `python -m rag.training support --write`; `FOREIGN` by `python -m rag.training foreign --write`.
"""

from dataclasses import dataclass

__all__ = ["DENSE", "FOREIGN", "LEXICAL", "Coefficients"]


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Bias and weights; the columns are those of features.py."""

    answers: tuple[float, ...]  # question_features -> the unit answers the question
    answerable: tuple[float, ...]  # summary_features -> the passages hold an answer
    supports: tuple[float, ...]  # claim_features -> the window supports the claim


DENSE = Coefficients(
    answers=(-10.4115, 8.2219, 2.0645, 0.6639, 0.4965, 0.7663),
    answerable=(-1.1602, 1.0549, 4.1521, 0.1982, 1.7356),
    supports=(-5.9972, -0.7866, 3.8821, 6.5103, 0.9461, -5.4234),
)
LEXICAL = Coefficients(
    answers=(-6.9119, 0.0, 4.3467, 1.1682, 0.6531, 0.6067),
    answerable=(-2.0931, 0.3012, 0.0, 2.9721, 2.791),
    supports=(-5.9673, -0.2609, 4.0248, 6.6346, 0.0, -5.4117),
)
FOREIGN = Coefficients(
    answers=(-6.4342, 0.8141, 4.1992, 0.7597, 0.3054, 0.2059),
    answerable=(2.08, 0.9274, 0.0, 0.5635, 0.4909),
    supports=(-5.9972, -0.7866, 3.8821, 6.5103, 0.9461, -5.4234),
)
