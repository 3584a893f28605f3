"""Coefficients of what a reader adds to support.py: `python -m rag.training.calibrate --write`."""

from dataclasses import dataclass

__all__ = ["READER", "ReaderCoefficients"]


@dataclass(frozen=True, slots=True)
class ReaderCoefficients:
    """Bias and weights of what a reader adds."""

    answers: tuple[float, ...]  # read_features -> the unit answers the question
    answerable: tuple[float, ...]  # best such logit, logit without a reader -> the passages hold an answer


READER = ReaderCoefficients(
    answers=(-2.6674, 0.3369, 0.9183),
    answerable=(0.474, 0.5959, 0.3676),
)
