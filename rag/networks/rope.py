"""Rotary positions.

Source: Su et al., RoFormer, 2021, https://arxiv.org/abs/2104.09864, section 3.2; features are
paired as Hugging Face does.
"""

import torch
from torch import Tensor

__all__ = ["rotated"]


def rotated(states: Tensor, positions: Tensor, base: float) -> Tensor:
    """Turn each pair of features (d, d + D/2) by its angle.

    Args:
        states: (..., T, D), D even.
        positions: (T,), any numbers; negative ones turn back.
        base: of the angles: feature d turns by position * base ** (-2 d / D).

    Returns:
        (..., T, D), of the same norm.
    """
    size = states.shape[-1]
    speeds = base ** (-torch.arange(0, size, 2, device=states.device, dtype=torch.float32) / size)
    angles = positions.to(states.device, torch.float32)[:, None] * speeds
    cosine, sine = angles.cos(), angles.sin()
    low, high = states.float().chunk(2, dim=-1)
    turned = torch.cat((low * cosine - high * sine, high * cosine + low * sine), dim=-1)
    return turned.to(states.dtype)
