"""Attention received, the spread of a token's own attention, and how much the newest output hangs on it."""

import torch
from torch import Tensor

from rag.generation.kv._cache import Layer, RaggedCache
from rag.generation.kv._observations import Observations, attention
from rag.generation.kv._policy import Policy, Reading

__all__ = ["Critic"]


class Critic(Policy):
    """Score by a weighted sum of three numbers, each brought to 0..1 within its layer; heads share it.

    The paper sums attention over the row of a token, which is 1 for all; what it receives is the column.
    It gives no weights: ours are a third each. The gradient is that of the squared change of a layer's
    output from the last token but one to the last, by keys and values, in closed form.

    Source: CRITIC, in PORAG (2504.01281), appendix A.
    """

    needs = frozenset({"attention"})
    weights = (1 / 3, 1 / 3, 1 / 3)  # of attention, entropy, gradient

    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Score by layer."""
        layers = []
        for layer in cache.layers:
            parts = (
                reading.seen.received[layer.index].sum(dim=0),
                reading.seen.entropy[layer.index],
                gradient(layer, reading.seen),
            )
            hybrid = sum(weight * _scaled(part) for weight, part in zip(self.weights, parts, strict=True))
            assert isinstance(hybrid, Tensor)
            layers.append(_scaled(hybrid).expand(len(layer.keys), -1))
        return torch.stack(layers)


def gradient(layer: Layer, seen: Observations) -> Tensor:
    """Give (T,): the sizes of the loss's gradients by keys and values, summed over heads and dimensions."""
    queries = seen.window[layer.index][:, -2:]
    if queries.shape[1] < 2:  # one token: no output before it
        return torch.zeros(layer.keys.shape[1], device=layer.keys.device)
    weights = attention(queries, layer.keys, seen.scaling).to(layer.values.dtype)  # (K, G, 2, T)
    outputs = weights @ layer.values[:, None]  # (K, G, 2, D)
    now, last = weights[:, :, 1], queries[:, 1].view(*weights.shape[:2], -1)
    slope = 2 * (outputs[:, :, 1] - outputs[:, :, 0]) / outputs[:, :, 1].numel()  # dL / dO
    along = slope @ layer.values.transpose(1, 2) - (slope * outputs[:, :, 1]).sum(dim=-1, keepdim=True)
    by_values = (now[..., None] * slope[:, :, None]).sum(dim=1)  # (K, T, D): the group shares keys
    by_keys = ((now * along)[..., None] * last[:, :, None]).sum(dim=1) * seen.scaling
    return (by_keys.abs() + by_values.abs()).sum(dim=(0, 2))


def _scaled(numbers: Tensor) -> Tensor:
    least, most = numbers.min(), numbers.max()
    return (numbers - least) / (most - least).clamp_min(1e-12)
