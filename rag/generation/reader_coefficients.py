"""Coefficients of what a reader adds to support.py: `python -m rag.training.calibrate --write`."""

from dataclasses import dataclass

__all__ = ["READER", "ReaderCoefficients"]


@dataclass(frozen=True, slots=True)
class ReaderCoefficients:
    """Bias and weights of what a reader adds."""

    answers: tuple[float, ...]  # read_features -> the unit answers the question
    answerable: tuple[float, ...]  # best such logit, logit without a reader -> the passages hold an answer


READER = ReaderCoefficients(answers=(-0.435, 0.1804, -2.7222), answerable=(0.5, 1.15, 0.25))
