"""Keys moved to other positions: rotary embeddings turn each pair of numbers by the position times a speed.

Knows the rotation of Llama and its kin; where keys are moved to is others' business.
"""

from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from rag.core.errors import InvalidInputError

__all__ = ["moved", "speeds"]

_SHIFT = 37  # of the check
_TOLERANCE = 0.02  # of the largest number; half precision stays below it, another rotation does not


def moved(keys: Tensor, distance: int, speeds: Tensor) -> Tensor:
    """Give (..., D) keys as they are computed so many positions further on.

    Source: RoFormer (2104.09864), section 3.2; rotations add up.

    Args:
        keys: rotated to where they were computed.
        distance: may be negative; at 0 the keys come back as they are.
        speeds: (D / 2,) radians a position, or of fewer numbers where only the first of a key turn.
    """
    if distance == 0:
        return keys
    angles = (distance * speeds.double()).float()
    cosines, sines = angles.cos(), angles.sin()
    half = len(speeds)
    first, second = keys[..., :half].float(), keys[..., half : 2 * half].float()
    turned = torch.cat((first * cosines - second * sines, second * cosines + first * sines), dim=-1)
    return torch.cat((turned.to(keys.dtype), keys[..., 2 * half :]), dim=-1)


def speeds(model: Any) -> Tensor:  # Any: transformers' classes are made at run time
    """Give a model's radians a position, checked on keys that it computes at two places.

    Raises:
        InvalidInputError: its keys do not turn so, or not with the same speeds at every length.
    """
    rotary = getattr(model.base_model, "rotary_emb", None)
    found: Tensor | None = getattr(rotary, "inv_freq", None)
    changes = getattr(rotary, "rope_type", "default") in ("dynamic", "longrope")
    if found is None or changes or not _turns(model, found):
        raise InvalidInputError(
            f"keys of {type(model).__name__} cannot be moved: passages are reused with models whose rotary"
            " embeddings have the same speeds at every length, as Llama's; take kv_reuse prefix"
        )
    return found


def _turns(model: Any, found: Tensor) -> bool:
    """Compare keys of the first layer, which depend on token and position alone."""
    token_ids = torch.arange(4, 8, device=model.device)[None]
    keys = []
    with torch.inference_mode():
        for first in (0, _SHIFT):
            cache = DynamicCache()
            places = torch.arange(first, first + 4, device=model.device)[None]
            model(input_ids=token_ids, position_ids=places, past_key_values=cache, use_cache=True)
            keys.append(cache.layers[0].keys[0])
    if keys[0].shape[-1] < 2 * len(found):
        return False
    error = (moved(keys[0], _SHIFT, found) - keys[1]).abs().max()
    return bool(error <= _TOLERANCE * keys[1].abs().max())
