"""Attention of virtual sequences in plain torch: what kernels give, and biases, which none takes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from rag.generation.vllm_plugin.layout import Layout

__all__ = ["attend"]


def attend(
    queries: Tensor,
    cache: Tensor,
    *,
    layout: Layout,
    tables: tuple[Tensor, Tensor],
    starts: Tensor,
    scaling: float,
    biases: Sequence[Tensor | None],
) -> Tensor:
    """Attend with the newest tokens of each sequence to all of it before them.

    Args:
        queries: (N, G, D), sequence behind sequence.
        cache: (B, K, N, 2 * D), a layer's.
        layout: of its pages.
        tables: (S, W) pages and (S,) lengths.
        starts: (S + 1,) where each sequence's queries begin.
        scaling: of logits.
        biases: by sequence, of its first entries; None for none.

    Returns:
        (N, G, D).
    """
    outputs = torch.empty_like(queries)
    places, block_size = starts.tolist(), cache.shape[2]
    for number, (table, length) in enumerate(zip(tables[0].long(), tables[1].tolist(), strict=True)):
        own = slice(places[number], places[number + 1])
        size = own.stop - own.start
        keys, values = layout.read(cache, table[: -(-length // block_size)], size=block_size)
        keys, values = keys[:length].float(), values[:length].float()
        logits = queries[own].float() @ keys.T * scaling  # (n, G, T)
        bias = biases[number]
        if bias is not None:
            logits[..., : len(bias)] += bias
        later = torch.ones(size, length, dtype=torch.bool, device=keys.device).triu(length - size + 1)
        weights = logits.masked_fill(later[:, None], -torch.inf).softmax(dim=-1)
        outputs[own] = (weights @ values).to(queries.dtype)
    return outputs
