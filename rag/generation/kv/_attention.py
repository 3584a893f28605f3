"""Attention over plain caches and ragged ones, as one of transformers' attention functions.

Ragged caches: for any model that passes its cache's keys on to the attention function, Llama and its kin.
"""

import math
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from rag.generation.kv._cache import Layer

__all__ = ["Attending", "attend", "sees_all", "use_ragged_attention"]

_NAME = "grove_ragged"
_FEW = 64  # tokens of a pass


class Attending(Protocol):
    """What a cache gives in place of keys where attention goes another way."""

    def attend(self, query: Tensor, **more: Any) -> Tensor:
        """Give (1, N, H, D) for a (1, H, N, D) query."""
        ...


def use_ragged_attention(model: Any) -> None:  # Any: transformers' classes are made at run time
    """Let a causal model read ragged caches too, and plain ones without copies."""
    AttentionInterface.register(_NAME, _attend)
    AttentionMaskInterface.register(_NAME, sdpa_mask)
    model.set_attn_implementation(_NAME)


def sees_all(model: Any, tokens: float = math.inf) -> bool:
    """Tell whether each of so many tokens sees all before it, in every layer, as in ragged caches."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ())
    window = getattr(config, "sliding_window", None)
    is_wide = window is None or window >= tokens
    return kinds == {"full_attention"} or (kinds <= {"full_attention", "sliding_attention"} and is_wide)


def _attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor | Layer | Attending,
    value: Tensor | Layer | Attending,
    attention_mask: Tensor | None,
    **more: Any,
) -> tuple[Tensor, Tensor | None]:
    if isinstance(key, Tensor):
        assert isinstance(value, Tensor)
        return _over_all(module, query, key, value, attention_mask, **more)
    if not isinstance(key, Layer):
        return key.attend(query, **more), None
    scaling = more.get("scaling") or query.shape[-1] ** -0.5
    for observer in key.observers:
        observer.see(key, query[0], scaling)
    num_new = query.shape[2]
    if key.entries is None:
        tail = key.keys[None], key.values[None]
        mask = _widened(attention_mask, tail[0].shape[2])
        return _over_all(module, query, *tail, mask, **more)
    if attention_mask is not None:
        attention_mask = attention_mask[0, 0, :, -num_new:]
    return _over_entries(query[0] * scaling, key, attention_mask), None


def _over_all(
    module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **more: Any
) -> tuple[Tensor, None]:
    is_alone = query.shape[2] == 1 and _is_short(query)
    is_ours = query.device.type == "cpu" and (mask is not None or is_alone)
    if not is_ours or more.get("position_bias") is not None:
        plain: tuple[Tensor, None] = sdpa_attention_forward(module, query, key, value, mask, **more)
        return plain
    # With a mask transformers copies keys and values once for each query head that shares them.
    return attend(query, key, value, mask, scaling=more.get("scaling")).transpose(1, 2).contiguous(), None


def attend(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, scaling: float | None
) -> Tensor:
    """Give (B, H, N, E) for a (B, H, N, D) query, (B, K, T, D) keys and (B, K, T, E) values, as torch does.

    Without a mask the new tokens are the first ones there are, or one that sees all. For one token in
    bfloat16 torch's function takes several times as long as products in float32 on a CPU; a few, which are
    then rounded as one is, take about as long either way.
    """
    num_new = query.shape[2]
    if query.device.type == "cpu" and _is_short(query) and (num_new == 1 or mask is not None):
        return _in_float32(query, key, value, mask, query.shape[3] ** -0.5 if scaling is None else scaling)
    output: Tensor = torch.nn.functional.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=mask,
        is_causal=mask is None and num_new > 1,
        scale=scaling,
        enable_gqa=query.shape[1] != key.shape[1],
    )
    return output


def _in_float32(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scaling: float) -> Tensor:
    grouped = query.float().reshape(*key.shape[:2], -1, query.shape[3])  # H / K heads share a key
    logits = grouped @ key.float().transpose(2, 3) * scaling  # (B, K, H / K * N, T)
    if mask is not None:
        seen = logits.view(*key.shape[:2], -1, query.shape[2], key.shape[2])  # (B, K, H / K, N, T)
        mask = mask[..., None, :, :]
        masked = seen.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else seen + mask
        logits = masked.flatten(2, 3)
    output = (logits.softmax(dim=-1) @ value.float()).to(query.dtype)
    return output.view(*query.shape[:3], value.shape[3])


def _is_short(query: Tensor) -> bool:
    return query.dtype == torch.bfloat16 and query.shape[2] <= _FEW


def _widened(mask: Tensor | None, size: int) -> Tensor | None:
    """Let a mask over the new tokens alone show all of the past."""
    if mask is None or mask.shape[-1] >= size:
        return mask
    seen = True if mask.dtype == torch.bool else 0.0
    return torch.nn.functional.pad(mask, (size - mask.shape[-1], 0), value=seen)


def _over_entries(queries: Tensor, layer: Layer, mask: Tensor | None) -> Tensor:
    """Attend with scaled (H, N, D) queries to entries and tail under one softmax; give (1, N, H, D).

    A loop over the KV heads: their lengths differ, and padding them would cost what was saved.
    """
    num_heads, num_new, size = queries.shape
    num_kept = layer.keys.shape[0]
    grouped = queries.reshape(num_kept, -1, size)  # (K, H / K * N, D)
    tail = (grouped @ layer.keys.transpose(1, 2)).view(num_kept, -1, num_new, layer.keys.shape[1])
    if num_new > 1:  # a single token sees itself and all before it
        tail[..., -num_new:] += _additive(mask, num_new, like=tail)
    tail = tail.flatten(1, 2)
    assert layer.entries is not None
    outputs = []
    for number in range(num_kept):
        keys, values, bias = layer.entries.head(number)
        logits = grouped[number] @ keys.T
        if bias is not None:
            logits = logits + bias
        weights = torch.cat((logits, tail[number]), dim=-1).softmax(dim=-1, dtype=torch.float32)
        weights = weights.to(queries.dtype)
        output = weights[:, : len(keys)] @ values + weights[:, len(keys) :] @ layer.values[number]
        outputs.append(output)
    return torch.stack(outputs).view(num_heads, num_new, size).transpose(0, 1)[None].contiguous()


def _additive(mask: Tensor | None, size: int, *, like: Tensor) -> Tensor:
    """Give (N, N): 0 where a new token sees another, else minus infinity; by default the ones before it."""
    if mask is None:
        mask = torch.ones(size, size, dtype=torch.bool, device=like.device).tril()
    if mask.dtype != torch.bool:
        return mask.to(like.dtype)
    return torch.zeros(size, size, dtype=like.dtype, device=like.device).masked_fill_(~mask, -torch.inf)
