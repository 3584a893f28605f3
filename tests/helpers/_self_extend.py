"""SelfExtend's distances by its definition, one for each pair of tokens."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["self_extend_distances"]


def self_extend_distances(length: int, *, window: int, group: int) -> NDArray[np.int64]:
    """Give how far token j seems to be from token i, (T, T): exact nearby, by groups beyond."""
    places = np.arange(length)
    exact = places[None, :] - places[:, None]
    groups = places // group
    coarse = groups[None, :] - groups[:, None] + np.sign(exact) * (window - window // group)
    return np.where(np.abs(exact) < window, exact, coarse)
