"""Which heads look back to find what was read: a probe of random tokens, repeated.

Knows models and their attention; what is done with such heads is razor.py's business.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import Layer, RaggedCache
from rag.generation.kv._observations import attention

__all__ = ["HeadProbe", "fingerprint", "head_scores", "retrieval_heads"]

_PASS_TOKENS = 128


class HeadProbe:
    """How much each query head attends to earlier copies of a token, and to what followed them."""

    def __init__(self, period: int) -> None:
        """Take the number of tokens after which the text repeats."""
        self._period = period
        self.echo: dict[int, Tensor] = {}  # layer -> (K, G), summed over queries
        self.induction: dict[int, Tensor] = {}

    def see(self, layer: Layer, queries: Tensor, scaling: float) -> None:
        """Take (H, N, D) queries of the newest tokens."""
        weights = attention(queries, layer.keys, scaling)
        size, num_new = weights.shape[-1], weights.shape[-2]
        distance = torch.arange(size - num_new, size)[:, None] - torch.arange(size)
        is_copy = (distance > 0) & (distance % self._period == 0)
        is_next = (distance > 0) & ((distance + 1) % self._period == 0)
        for sums, mask in ((self.echo, is_copy), (self.induction, is_next)):
            found = (weights * mask.to(weights.device)).sum(dim=(2, 3))
            sums[layer.index] = sums.get(layer.index, torch.zeros_like(found)) + found


def head_scores(model: Any, *, period: int = 128, repeats: int = 4, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Give the scores (L, K) of echo and of induction, from 0 to 1: a KV head's are its best query head's.

    Source: RazorAttention (2407.15891), section 3.2 and figure 4; ranks over KV heads, as its code.

    Args:
        model: any causal model that ragged caches work with.
        period: random tokens.
        repeats: how often they are read; the first time counts for nothing.
        seed: of the tokens.
    """
    use_ragged_attention(model)
    random = torch.Generator().manual_seed(seed)
    tokens = torch.randint(model.config.vocab_size, (period,), generator=random).repeat(repeats)
    first = model.config.bos_token_id
    if isinstance(first, int):
        tokens = torch.cat((torch.tensor([first]), tokens))
    probe = HeadProbe(period)
    cache = RaggedCache(model.config.num_hidden_layers).observe(probe)
    with torch.inference_mode():
        for start in range(0, len(tokens), _PASS_TOKENS):
            piece = tokens[start : start + _PASS_TOKENS][None].to(model.device)
            model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
    count = period * (repeats - 1)
    echo, induction = (
        torch.stack([sums[layer].amax(dim=1) for layer in sorted(sums)]).cpu() / count
        for sums in (probe.echo, probe.induction)
    )
    return echo, induction


def retrieval_heads(model: Any, folder: Path | None) -> tuple[Tensor, Tensor]:
    """Give `head_scores` of a model, from a file of the folder if it was probed before."""
    path = folder / f"retrieval_heads-{fingerprint(model)}.json" if folder else None
    if path is not None and path.is_file():
        known = json.loads(path.read_text())
        return torch.tensor(known["echo"]), torch.tensor(known["induction"])
    echo, induction = head_scores(model)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps({"echo": echo.tolist(), "induction": induction.tolist()}))
        unfinished.replace(path)
    return echo, induction


def fingerprint(model: Any) -> str:
    """Name a model by precision, sizes and some of its weights, so that another has another file."""
    known = (model.dtype, sorted(model.config.to_diff_dict().items(), key=str))
    digest = hashlib.sha256(repr(known).encode())
    for weights in list(model.parameters())[:: max(1, len(list(model.parameters())) // 8)]:
        digest.update(weights.detach().flatten()[:64].float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
