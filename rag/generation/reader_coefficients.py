"""Coefficients of what a reader adds to support.py: `python -m rag.training.calibrate --write`."""

from dataclasses import dataclass

__all__ = ["READER", "ReaderCoefficients"]


@dataclass(frozen=True, slots=True)
class ReaderCoefficients:
    """Bias and weights of what a reader adds."""

    answers: tuple[float, ...]  # read_features -> the unit answers the question
    answerable: tuple[float, ...]  # answerable_features -> the passages hold an answer


READER = ReaderCoefficients(
    answers=(-2.5524, 0.3324, 1.5292, 2.0378),
    answerable=(1.0702, 0.8162, 0.1625, -0.5366),
)
