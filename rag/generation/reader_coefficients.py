"""Coefficients of what a reader adds to support.py: `python -m rag.training.calibrate --write`."""

from dataclasses import dataclass

__all__ = ["READER", "ReaderCoefficients"]


@dataclass(frozen=True, slots=True)
class ReaderCoefficients:
    """Bias and weights of what a reader adds."""

    answers: tuple[float, ...]  # read_features -> the unit answers the question
    answerable: tuple[float, ...]  # answerable_features -> the passages hold an answer


READER = ReaderCoefficients(
    answers=(-3.0681, 0.3111, 0.7362, 1.6394),
    answerable=(0.8294, 0.7008, 0.2378, -1.0741),
)
