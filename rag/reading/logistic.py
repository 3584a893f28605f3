"""Logistic models by their coefficients: bias first."""

import math
from collections.abc import Sequence

import numpy as np

from rag.core.types import Vector

__all__ = ["linear", "logistic", "sigmoid"]


def linear(coefficients: Sequence[float], features: Vector) -> Vector:
    """Give the logits (N,) of features (N, D), or the one of (D,)."""
    bias, *weights = coefficients
    # Not by matmul, which now and then warns of invalid values that are none.
    logits: Vector = bias + (features * np.array(weights, dtype=np.float32)).sum(axis=-1)
    return logits


def sigmoid(coefficients: Sequence[float], features: Vector) -> float:
    """Give the probability of the features (D,)."""
    return logistic(float(linear(coefficients, features)))


def logistic(logit: float) -> float:
    """Give the probability of a logit, however large.

    >>> logistic(0.0), logistic(-1000.0)
    (0.5, 0.0)
    """
    return 1 / (1 + math.exp(-logit)) if logit > 0 else math.exp(logit) / (1 + math.exp(logit))
