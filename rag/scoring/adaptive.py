"""Whether a model doubts what it just wrote, by its probabilities and attention, and what it looks for.

Source: ATLAS, 2025, https://arxiv.org/abs/2504.01281, section 3.2 (MLAG and LRP). Corrected:
as printed, the attention that a token receives comes from tokens before it, which a causal model cannot
give; here it comes from later ones, the most by any of them, as in DRAGIN (Su et al., ACL 2024, section
3.1). The weights of layers in LRP jump at the thirds of the depth, as printed.
"""

import numpy as np

from rag.core.types import Vector

__all__ = ["layer_weights", "load_factor", "mlag", "relevance"]

_LOAD_START, _LOAD_DECAY = 0.8, 4.0  # alpha_0 and lambda
_ATTENTION_SHARE = 0.7  # beta of LRP
_TINY = 1e-9


def load_factor(load: float) -> float:
    """Give alpha: how much a doubt still counts at a share of the room that is used.

    >>> load_factor(0.0), round(load_factor(1.0), 4)
    (0.8, 0.0147)
    """
    return float(_LOAD_START * np.exp(-_LOAD_DECAY * load))


def mlag(
    attention: Vector, probabilities: Vector, is_content: Vector, *, entropies: Vector, load: float = 0.0
) -> Vector:
    """Give each of N tokens in a row its doubt, (N,).

    Args:
        attention: (L, H, N, N), from the token of the third axis to that of the fourth.
        probabilities: (N,), of each token when it was written.
        is_content: (N,), 0 for stop words, numbers and punctuation, else 1.
        entropies: (H,), of the attention of the last layer's heads.
        load: share of the room that is used.
    """
    later = np.tril(attention, k=-1).max(axis=2)  # (L, H, N): the most that a later token gives
    received = later.sum(axis=1)
    received = received / np.maximum(np.maximum.accumulate(received, axis=1), _TINY)
    num_layers = len(attention)
    slopes = np.arange(1, num_layers) / max(num_layers - 1, 1)
    gradient = (slopes[:, None] * np.abs(np.diff(received, axis=0))).sum(axis=0)
    heads = entropies / max(float(entropies.sum()), _TINY)
    dependence = (1 - probabilities) * (heads @ later[-1])
    doubts: Vector = load_factor(load) * gradient * dependence * is_content
    return doubts


def layer_weights(num_layers: int) -> Vector:
    """Give psi, (L,): the weight of each layer's attention.

    >>> layer_weights(6).round(2).tolist()
    [0.1, 0.0, 0.25, 0.3, 0.15, 0.0]
    """
    third = num_layers / 3
    layers = np.arange(1, num_layers + 1)
    return np.select(
        [layers < third, layers < 2 * third],
        [0.2 * layers / third, 0.5 * (layers - third) / third],
        0.3 * (num_layers - layers) / third,
    )


def relevance(attention: Vector, states: Vector, state: Vector) -> Vector:
    """Give how much each of T earlier tokens has to do with a token, (T,).

    Args:
        attention: (L, H, T), from the token to the earlier ones.
        states: (T, D), of the earlier ones.
        state: (D,), of the token.
    """
    looked = layer_weights(len(attention)) @ attention.mean(axis=1)
    norms = np.linalg.norm(states, axis=1) * np.linalg.norm(state)
    alike = states @ state / np.maximum(norms, _TINY)
    total: Vector = _ATTENTION_SHARE * looked + (1 - _ATTENTION_SHARE) * alike
    return total
