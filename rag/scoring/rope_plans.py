"""Rotary angles for causal models that read further than they were trained to, without training.

A plan says how far each pair of features turns at a token, and by what attention's logits are multiplied.
Knows numbers; models are others' business.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PLANS", "Rotary", "RotaryPlan", "disturbance"]

_ABF_BASE = 500_000.0
_BINS = 360
_EPSILON = 5e-4  # the paper does not say; with this its figures for interpolation come out
_FEW_TURNS, _MANY_TURNS = 1.0, 32.0  # of a pair within the window

Angles = NDArray[np.float64]
"""(D / 2,): by how many radians each pair of features turns from a token to the next."""


@dataclass(frozen=True, slots=True)
class Rotary:
    """The rotary positions of a model: features of a head, base of the angles, tokens of its training."""

    size: int
    base: float
    window: int

    @property
    def angles(self) -> Angles:
        """Give (D / 2,) radians: base ** (-2 i / D)."""
        return _angles(self.size, self.base)


@dataclass(frozen=True, slots=True)
class RotaryPlan:
    """What a model turns by, and what its attention's logits are multiplied by."""

    angles: Angles
    logit_factor: float = 1.0
    window: int | None = (
        None  # the logits of a query at position i >= 1 times log(i) / log(window), beyond it
    )

    def growth(self, positions: NDArray[np.int64]) -> Angles:
        """Give the factor of the logits of the queries at these positions, which start at 0; at least 1.

        >>> RotaryPlan(np.ones(1), window=8).growth(np.array([0, 7, 63])).tolist()
        [1.0, 1.0, 2.0]
        """
        if self.window is None:
            return np.ones(len(positions))
        factors: Angles = np.log(positions + 1.0) / math.log(self.window)
        return factors.clip(1.0)


def interpolation(rotary: Rotary, factor: float) -> RotaryPlan:
    """Turn by less everywhere: positions / factor.

    Source: Chen et al., Position Interpolation, 2023, https://arxiv.org/abs/2306.15595.
    """
    return RotaryPlan(rotary.angles / factor)


def ntk(rotary: Rotary, factor: float) -> RotaryPlan:
    """Raise the base so that the slowest pair is interpolated and the fastest is not.

    Source: bloc97, NTK-aware scaled RoPE, 2023, as in Peng et al., https://arxiv.org/abs/2309.00071, 3.1.
    """
    base = rotary.base * factor ** (rotary.size / (rotary.size - 2))
    return RotaryPlan(_angles(rotary.size, base))


def yarn(rotary: Rotary, factor: float) -> RotaryPlan:
    """Interpolate pairs that turn less than once within the window, leave those of 32 turns and more.

    Between them as published models do, by the number of the pair, where the paper goes by its turns.

    Source: Peng et al., YaRN, 2023, https://arxiv.org/abs/2309.00071, sections 3.2 and 3.4: queries and
    keys are each multiplied by 0.1 ln(factor) + 1.
    """
    last, first = math.floor(_pair_of(_MANY_TURNS, rotary)), math.ceil(_pair_of(_FEW_TURNS, rotary))
    last, first = max(last, 0), min(first, rotary.size - 1)
    turned_less = np.clip((np.arange(rotary.size // 2) - last) / max(first - last, 1e-3), 0, 1)
    angles = rotary.angles * (1 - turned_less + turned_less / factor)
    return RotaryPlan(angles, logit_factor=(0.1 * math.log(factor) + 1) ** 2 if factor > 1 else 1.0)


def entropy_abf(rotary: Rotary, factor: float) -> RotaryPlan:
    """Raise the base to 500,000, and the logits by the logarithm of the position beyond the window.

    The paper fine-tunes; without that it is not expected to help.

    Source: Zhang et al., Extending LLMs' Context Window with 100 Samples, 2024,
    https://arxiv.org/abs/2401.07004, section 4.
    """
    if factor <= 1:
        return RotaryPlan(rotary.angles)
    return RotaryPlan(_angles(rotary.size, max(rotary.base, _ABF_BASE)), window=rotary.window)


def distributional(rotary: Rotary, factor: float, *, interpolated: int | None = None) -> RotaryPlan:
    """Interpolate the pairs whose angles then differ less from those of training, and leave the others.

    Args:
        rotary: the model's.
        factor: how many times longer.
        interpolated: how many pairs, those that gain most by it; by default all that gain.

    Source: Wu et al., Extending Context Window from a Distributional Perspective, EMNLP 2024,
    https://arxiv.org/abs/2410.01490, section 3.
    """
    length = round(rotary.window * factor)
    left = _disturbances(rotary, rotary.angles, length)
    turned_less = _disturbances(rotary, rotary.angles / factor, length)
    gain = left - turned_less
    chosen = gain > 0
    if interpolated is not None:
        chosen = np.isin(np.arange(len(gain)), np.argsort(-gain, kind="stable")[:interpolated])
    return RotaryPlan(np.where(chosen, rotary.angles / factor, rotary.angles))


def disturbance(rotary: Rotary, angles: Angles, length: int) -> float:
    """Give how far the angles of so many tokens are from those of the window, the mean over pairs.

    The Kullback-Leibler divergence of histograms of 360 bins. Source: as `distributional`, equation 6.
    """
    return float(_disturbances(rotary, angles, length).mean())


PLANS: dict[str, Callable[[Rotary, float], RotaryPlan]] = {
    "interpolation": interpolation,
    "ntk": ntk,
    "yarn": yarn,
    "entropy_abf": entropy_abf,
    "distributional": distributional,
}
"""(rotary, factor of the length, at least 1) -> plan; at 1 the model's own."""


def _pair_of(turns: float, rotary: Rotary) -> float:
    """Give the number of the pair that turns so often within the window."""
    return rotary.size / 2 * math.log(rotary.window / (turns * 2 * math.pi)) / math.log(rotary.base)


def _angles(size: int, base: float) -> Angles:
    return np.power(base, -np.arange(0, size, 2) / size)


def _disturbances(rotary: Rotary, angles: Angles, length: int) -> Angles:
    """Give (D / 2,) divergences."""
    seen = [_histogram(angle, rotary.window) for angle in rotary.angles]
    met = [_histogram(angle, length) for angle in angles]
    return np.array(
        [
            float((new * np.log((new + _EPSILON) / (old + _EPSILON))).sum())
            for new, old in zip(met, seen, strict=True)
        ]
    )


def _histogram(angle: float, length: int) -> Angles:
    """Give (360,) shares of the positions 0 to length - 1 that are turned so far."""
    turned = np.arange(length) * angle % (2 * math.pi)
    counts, _ = np.histogram(turned, bins=_BINS, range=(0, 2 * math.pi))
    return counts / length
