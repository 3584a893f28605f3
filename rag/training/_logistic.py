"""Logistic models of a few features."""

import numpy as np

from rag.core.types import Vector

Coefficients = tuple[float, ...]
"""Bias, then a weight a feature."""

_RIDGE = 1.0


def fit(rows: Vector, labels: Vector) -> Coefficients:
    """Fit by Newton's method, with a weak ridge; both classes weigh as they come.

    Args:
        rows: (N, F).
        labels: (N,), 0 or 1.
    """
    design = np.hstack([np.ones((len(rows), 1)), rows]).astype(np.float64)
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        chances = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (labels - chances) - _RIDGE * weights
        curvature = (design * (chances * (1 - chances))[:, None]).T @ design
        step = np.linalg.solve(curvature + _RIDGE * np.eye(len(weights)), gradient)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return tuple(round(float(weight), 4) for weight in weights)


def logits(fitted: Coefficients, rows: Vector) -> Vector:
    """Give (N,) float32."""
    found: Vector = (fitted[0] + rows @ np.array(fitted[1:])).astype(np.float32)
    return found
