"""Rotary positions beyond the length that an encoder was trained for, without training.

Plans for causal models are in rope_plans.py.

Sources: Jin et al., SelfExtend, 2024, https://arxiv.org/abs/2401.01325; Zhu et al., LongEmbed, 2024,
https://arxiv.org/abs/2404.12096, section 4.2 (both for encoders, and the factors of NTK's base);
Chiang & Cholak, 2022 (attention scaled by the logarithm of the length).
"""

import math

__all__ = ["attention_scale", "ntk_base", "self_extend_plan"]

_NTK_FACTORS = ((1, 1.0), (2, 3.0), (4, 5.0), (8, 10.0))  # times the length -> factor of the base
_GROUPS = {
    2: (2, 3),
    4: (4, 5),
    8: (8, 9),
}  # times the length -> SelfExtend's window's share, and its group


def ntk_base(base: float, length: int, original: int) -> float:
    """Give the base of the angles for a length; between the published factors, linear in it.

    >>> ntk_base(10_000, 512, 512), ntk_base(10_000, 2048, 512)
    (10000.0, 50000.0)
    """
    times = max(1.0, length / original)
    if times >= _NTK_FACTORS[-1][0]:
        return base * _NTK_FACTORS[-1][1] * times / _NTK_FACTORS[-1][0]
    upper = next(index for index, (known, _) in enumerate(_NTK_FACTORS) if times < known)
    (low, least), (high, most) = _NTK_FACTORS[upper - 1], _NTK_FACTORS[upper]
    return base * (least + (most - least) * (times - low) / (high - low))


def attention_scale(length: int, original: int) -> float:
    """Give the factor of attention scores: log(length) / log(original), 1 up to the original length."""
    return max(1.0, math.log(length) / math.log(original))


def self_extend_plan(length: int, original: int) -> tuple[int, int]:
    """Give SelfExtend's window and group for a length.

    Up to eight times the original length they are the published ones. Beyond, which is ours, the group is
    the least with which no distance is one that the encoder was not trained for.

    >>> self_extend_plan(1024, 512), self_extend_plan(4096, 512), self_extend_plan(8192, 512)
    ((256, 3), (64, 9), (64, 19))
    """
    share, group = next((plan for times, plan in _GROUPS.items() if length <= times * original), _GROUPS[8])
    window = original // share
    if length > max(_GROUPS) * original:
        while (length - 1) // group + window - window // group >= original:
            group += 1
    return window, group
