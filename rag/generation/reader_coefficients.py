"""Coefficients of what a reader adds to support.py: `python -m rag.training.calibrate --write`."""

from dataclasses import dataclass

__all__ = ["READER", "ReaderCoefficients"]


@dataclass(frozen=True, slots=True)
class ReaderCoefficients:
    """Bias and weights of what a reader adds."""

    answers: tuple[float, ...]  # read_features -> the unit answers the question
    answerable: tuple[float, ...]  # answerable_features -> the passages hold an answer


READER = ReaderCoefficients(
    answers=(-3.5854, 0.3604, 2.4808, 2.7115),
    answerable=(0.9346, 0.7678, -0.1362, -0.0014),
)
