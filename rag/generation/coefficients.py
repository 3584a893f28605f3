"""Coefficients of the logistic models of support.py, fitted by `python -m rag.training.support --write`."""

from dataclasses import dataclass

__all__ = ["DENSE", "LEXICAL", "Coefficients"]


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Bias and weights; the columns are those of features.py."""

    answers: tuple[float, ...]  # question_features -> the unit answers the question
    answerable: tuple[float, ...]  # summary_features -> the passages hold an answer
    supports: tuple[float, ...]  # claim_features -> the window supports the claim


DENSE = Coefficients((0,) * 6, (0,) * 5, (0,) * 6)
LEXICAL = DENSE
