"""Packing and virtual-sequence attention of the plugin for vLLM, in plain torch: one device beside another.

vLLM is not needed: this is all of the plugin's compression that is not a kernel of vLLM's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rag.generation.vllm_plugin.attention import attend
from rag.generation.vllm_plugin.compressing import Kernels, Worker
from rag.generation.vllm_plugin.layout import Layout
from rag.generation.vllm_plugin.scoring import Compressor
from rag.generation.vllm_plugin.steps import Batch, Virtual

__all__ = ["packing"]

_POLICIES = ("streaming", "keydiff", "snapkv", "h2o", "ems")
_TOLERANCE = 1e-3  # sums in another order; another entry kept differs in the first digit
_SIZE = 16  # tokens of a block, as FlashAttention has them


@dataclass(frozen=True)
class _Text:
    """One layer's keys, values (K, T, D) and queries (T, H, D)."""

    keys: Tensor
    values: Tensor
    queries: Tensor

    @classmethod
    def of(cls, tokens: int, heads: int, kept_heads: int, dims: int) -> "_Text":
        random = torch.Generator().manual_seed(0)
        keys, values = (torch.randn(kept_heads, tokens, dims, generator=random) for _ in range(2))
        return cls(keys, values, 2 * torch.randn(tokens, heads, dims, generator=random))


def packing(
    device: str, *, tokens: int = 2048, heads: int = 16, kept_heads: int = 4, dims: int = 64
) -> list[Mapping[str, object]]:
    """Pack a prompt on a device, and attend with what is written behind it; beside the CPU."""
    text = _Text.of(tokens + 8, heads, kept_heads, dims)
    rows: list[Mapping[str, object]] = []
    for policy in _POLICIES:
        expected, got = (_written(policy, text, tokens, each) for each in ("cpu", device))
        error = float((expected - got).abs().max())
        rows.append({"check": f"packing_{policy}", "equal": error < _TOLERANCE, "error": error})
    return rows


def _written(policy: str, text: _Text, prompt: int, device: str) -> Tensor:
    """Give (9, H, D) outputs from the prompt's last token on, computed on a device."""
    kept_heads, length, dims = text.keys.shape
    compressor = Compressor(policy, 0.5, {}, num_heads=kept_heads, block_size=_SIZE)
    layout, scaling = Layout("interleaved"), dims**-0.5
    worker = Worker(compressor, layout, num_heads=kept_heads, scaling=scaling)
    count = -(-length // _SIZE)
    cache = torch.zeros(count, kept_heads, _SIZE, 2 * dims, device=device)
    blocks = torch.randperm(count, generator=torch.Generator().manual_seed(1)).int().to(device)
    queries = text.queries.to(device)
    outputs = []
    for start, end in [
        (0, prompt // 2),
        (prompt // 2, prompt),
        *((at, at + 1) for at in range(prompt, length)),
    ]:
        _store(text, cache, blocks, layout, (start, end))
        current = worker.begin([0, end - start], [end], [prompt], blocks[None])
        assert current is not None
        into = torch.zeros_like(queries[start:end])

        def whole(batch: Batch | None, own: Tensor, into: Tensor) -> None:
            """Leave what is read unanswered: outputs of a prompt are not compared."""

        def virtual(sequences: Virtual, own: Tensor) -> Tensor:
            none: Sequence[None] = [None] * len(sequences.tables[1])
            return attend(
                own,
                cache,
                layout=layout,
                tables=sequences.tables,
                starts=sequences.starts,
                scaling=scaling,
                biases=none,
            )

        worker.attend(current, 0, queries[start:end], cache, into, Kernels(whole, virtual))
        outputs.append(into)
    return torch.cat(outputs)[prompt - 1 :].cpu()


def _store(text: _Text, cache: Tensor, blocks: Tensor, layout: Layout, part: tuple[int, int]) -> None:
    """Write the keys and values of tokens; what else is in their blocks stays."""
    start, end = part
    first = start // _SIZE
    pages = blocks[first : -(-end // _SIZE)].long() * len(text.keys)
    place = slice(start - first * _SIZE, end - first * _SIZE)
    for head in range(len(text.keys)):
        keys, values = layout.read(cache, pages + head, size=_SIZE)
        keys[place] = text.keys[head, start:end].to(cache.device)
        values[place] = text.values[head, start:end].to(cache.device)
        layout.write(cache, pages + head, keys, values, size=_SIZE)
