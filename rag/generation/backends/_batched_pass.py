"""One pass of a causal model over pieces of several texts, each with keys and values of its own.

The tokens of all texts stand in one row. Attention goes text by text, and every other layer takes tokens
one by one: nothing is padded, and a text that comes or goes moves no other. Knows transformers' way to be
handed a cache and an attention function; which pieces are read when is _batching.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import Cache

from rag.generation.kv._attention import attend, sees_all
from rag.generation.speculation._cache import PlainCache

__all__ = ["can_read_pieces", "read_pieces"]

_MOVING = ("dynamic", "longrope")  # turn all tokens of a pass by its longest text
_OTHER = ("sliding_window", "softcap", "s_aux", "position_bias")  # what some models want of attention


@dataclass(frozen=True, slots=True)
class _Piece:
    """The next tokens of a text."""

    cache: PlainCache
    size: int
    mask: Tensor | None  # (N, T), True where a token sees another; None: all before it, and itself


@dataclass(frozen=True, slots=True)
class _New:
    """Keys and values of all pieces in one layer; transformers hands it to attention as the keys."""

    layer: int
    pieces: Sequence[_Piece]
    keys: Tensor  # (1, K, N, D), N tokens of all pieces
    values: Tensor

    def attend(self, query: Tensor, **more: Any) -> Tensor:
        """Give (1, N, H, D); keys and values are written into the caches of the texts."""
        if wanted := [name for name in _OTHER if more.get(name) is not None]:
            raise RuntimeError(
                f"its attention needs {', '.join(wanted)}, which a batch has not; set max_batch to 1"
            )
        outputs = []
        start = 0
        for piece in self.pieces:
            rows = slice(start, start + piece.size)
            start += piece.size
            keys, values = piece.cache.update(self.keys[:, :, rows], self.values[:, :, rows], self.layer)
            output = attend(query[:, :, rows], keys, values, piece.mask, scaling=more.get("scaling"))
            outputs.append(output)
        return torch.cat(outputs, dim=2).transpose(1, 2).contiguous()


class _PassCache(Cache):  # type: ignore[misc]  # transformers' classes have no types
    """What transformers takes for the cache of one pass."""

    def __init__(self, pieces: Sequence[_Piece]) -> None:
        super().__init__(layers=[])
        self._pieces = pieces

    def update(self, keys: Tensor, values: Tensor, layer_idx: int, *_: object) -> tuple[_New, _New]:
        new = _New(layer_idx, self._pieces, keys, values)
        return new, new


def can_read_pieces(model: Any) -> bool:  # Any: transformers' classes are made at run time
    """Tell whether each token sees all before it, from a position that depends on no other text."""
    config = model.config.get_text_config()
    rope = getattr(config, "rope_parameters", None) or {}
    return (
        bool(getattr(model, "_supports_attention_backend", False))
        and sees_all(model)
        and getattr(config, "attn_logit_softcapping", None) is None
        and rope.get("rope_type", "default") not in _MOVING
    )


def read_pieces(model: Any, pieces: Sequence[tuple[PlainCache, Sequence[int]]]) -> Tensor:  # Any: as above
    """Read the next tokens of each text in one pass.

    Args:
        model: one with the attention of rag/generation/kv/_attention.py.
        pieces: of different texts, the cache of what was read and at least one token each.

    Returns:
        (B, V) logits after the last token of each piece, float32 on the CPU.
    """
    device = model.device
    token_ids = [token_id for _, piece in pieces for token_id in piece]
    known = [cache.get_seq_length() for cache, _ in pieces]
    positions = [
        past + place for past, (_, piece) in zip(known, pieces, strict=True) for place in range(len(piece))
    ]
    last = torch.tensor([len(piece) for _, piece in pieces], device=device).cumsum(0) - 1
    masked = [
        _Piece(cache, len(piece), _mask(past, len(piece), device))
        for past, (cache, piece) in zip(known, pieces, strict=True)
    ]
    output = model(
        input_ids=torch.tensor([token_ids], device=device),
        position_ids=torch.tensor([positions], device=device),
        attention_mask=torch.zeros(1, 1, 1, 1, device=device),  # four dimensions: none is made
        past_key_values=_PassCache(masked),
        use_cache=True,
        logits_to_keep=last,
    )
    logits: Tensor = output.logits[0].float().cpu()
    return logits


def _mask(past: int, size: int, device: torch.device) -> Tensor | None:
    if size == 1 or past == 0:
        return None
    return torch.ones(size, past + size, dtype=torch.bool, device=device).tril(past)
