"""What queries yet to come are expected to attend to, if they are like those so far."""

from typing import Any

import torch
from torch import Tensor

from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading

__all__ = ["Expected"]

_FUTURE_TOKENS = 512


class Expected(Policy):
    """Score by the expected weight of a key times the length of its value.

    Queries before rotation are taken as normally distributed, by head, and turned by the mean rotation of
    the next 512 positions; the expectation of the exponent is then exact.

    Source: Expected Attention (2510.00636), section 3, equations 6 to 9.
    """

    needs = frozenset({"queries"})

    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Score by expected attention."""
        turn = _mean_rotation(reading.model, len(reading.token_ids), cache.layers[0].keys)
        scores = []
        for layer in cache.layers:
            total, squares, count = reading.seen.moments[layer.index]
            mean = total / count
            spread = squares / count - mean[:, :, None] * mean[:, None, :]
            mean, spread = mean @ turn.T, turn @ spread @ turn.T
            keys = layer.keys.repeat_interleave(len(mean) // len(layer.keys), dim=0)
            linear = (keys @ mean[..., None])[..., 0] * reading.seen.scaling
            square = ((keys @ spread) * keys).sum(dim=-1) * reading.seen.scaling**2 / 2
            weights = (linear + square).softmax(dim=-1)
            weights = weights.view(len(layer.keys), -1, weights.shape[-1]).mean(dim=1)
            scores.append(weights * layer.values.norm(dim=-1))
        return torch.stack(scores)


def _mean_rotation(model: Any, first: int, like: Tensor) -> Tensor:
    """Give (D, D), the mean of the rotations at the positions to come."""
    positions = torch.arange(first, first + _FUTURE_TOKENS, device=like.device)
    cosines, sines = (each[0].mean(dim=0) for each in model.base_model.rotary_emb(like, positions[None]))
    half = torch.eye(len(cosines) // 2, device=like.device, dtype=like.dtype)
    empty = torch.zeros_like(half)
    swap = torch.cat((torch.cat((empty, -half), dim=1), torch.cat((half, empty), dim=1)))
    turn: Tensor = torch.diag(cosines) + sines[:, None] * swap
    return turn
