"""Coefficients of what a reader adds to support.py: `python -m rag.training.calibrate --write`."""

from dataclasses import dataclass

__all__ = ["READER", "ReaderCoefficients"]


@dataclass(frozen=True, slots=True)
class ReaderCoefficients:
    """Bias and weights of what a reader adds."""

    answers: tuple[float, ...]  # read_features -> the unit answers the question
    answerable: tuple[float, ...]  # answerable_features -> the passages hold an answer


READER = ReaderCoefficients(
    answers=(-2.0549, 0.3642, 1.1922, 2.0928),
    answerable=(1.0467, 0.7978, 0.1158, -0.435),
)
