"""Coefficients of what a reader adds to support.py: `python -m rag.training calibrate --write`."""

from dataclasses import dataclass

__all__ = ["READER", "ReaderCoefficients"]


@dataclass(frozen=True, slots=True)
class ReaderCoefficients:
    """Bias and weights of what a reader adds."""

    answers: tuple[float, ...]  # read_features -> the unit answers the question
    answerable: tuple[float, ...]  # answerable_features -> the passages hold an answer


READER = ReaderCoefficients(
    answers=(-2.5406, 0.3652, 1.6565, 2.008),
    answerable=(0.9519, 0.7944, 0.1604, -0.3047),
)
