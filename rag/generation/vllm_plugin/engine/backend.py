"""vLLM's attention on CPUs, with smaller caches: its own kernel, on sequences of one KV head each.

Knows vLLM's tensors and kernels; what is done in a pass is compressing.py's.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from vllm import _custom_ops as ops
from vllm import envs
from vllm.v1.attention.backends.cpu_attn import (
    CPUAttentionBackend,
    CPUAttentionBackendImpl,
    CPUAttentionMetadata,
    CPUAttentionMetadataBuilder,
)

from rag.generation.vllm_plugin.compressing import Pass, Worker
from rag.generation.vllm_plugin.engine.dividing import AttendingDivided, Dividing
from rag.generation.vllm_plugin.steps import Virtual

__all__ = ["CompressingBackend", "CompressingBuilder", "CompressingImpl", "CompressingMetadata"]


@dataclass
class CompressingMetadata(CPUAttentionMetadata):
    """What vLLM's kernel is told, and what the pass does beside."""

    worker: Worker | None = None
    current: Pass | None = None
    before: CPUAttentionMetadata | None = None  # of the tokens that attend to whole caches
    scheduled: dict[tuple[tuple[int, ...], ...], Tensor] = field(default_factory=dict)  # by pages of heads


class CompressingBuilder(Dividing, CPUAttentionMetadataBuilder):
    """Divide each pass."""

    metadata_type = CompressingMetadata

    def _store(self, keys: Tensor, values: Tensor, cache: Tensor, slots: Tensor) -> None:
        ops.cpu_attn_reshape_and_cache(keys, values, *_parts(cache), slots, self.isa)


class CompressingImpl(AttendingDivided, CPUAttentionBackendImpl):
    """Attend to whole caches as ever, and to smaller ones head by head."""

    def _attend_by_kernel(
        self,
        layer: Any,  # Any: vLLM's layers
        queries: Tensor,
        cache: Tensor,
        sequences: Virtual,
        told: CompressingMetadata,
    ) -> Tensor:
        tables, lengths = sequences.tables
        if sequences.pages not in told.scheduled:
            told.scheduled[sequences.pages] = ops.cpu_attn_get_scheduler_metadata(
                num_reqs=len(lengths),
                num_heads=queries.shape[1],
                num_kv_heads=1,
                head_dim=self.head_size,
                seq_lens=lengths,
                dtype=queries.dtype,
                query_start_loc=sequences.starts,
                causal=True,
                sliding_window_size=-1,
                isa=layer.isa,
                enable_kv_split=envs.VLLM_CPU_ATTN_SPLIT_KV,
                dynamic_causal=None,
                kv_cache_dtype=self.kv_cache_dtype,
            )
        outputs = torch.empty_like(queries)
        blocks, heads, size, dims = cache.shape
        keys, values = _parts(cache.view(blocks * heads, 1, size, dims))
        ops.cpu_attention_with_kv_cache(
            query=queries,
            key_cache=keys,
            value_cache=values,
            output=outputs,
            query_start_loc=sequences.starts,
            seq_lens=lengths,
            scale=self.scale,
            causal=True,
            alibi_slopes=None,
            sliding_window=-1,
            block_table=tables,
            softcap=self.logits_soft_cap,
            scheduler_metadata=told.scheduled[sequences.pages],
            s_aux=None,
            dynamic_causal=None,
            k_scale=layer._k_scale_float,
            v_scale=layer._v_scale_float,
            kv_cache_dtype=self.kv_cache_dtype,
        )
        return outputs


class CompressingBackend(CPUAttentionBackend):
    """What vLLM is given in place of its backend for CPUs."""

    @staticmethod
    def get_impl_cls() -> type[CPUAttentionBackendImpl]:
        """Give what attends."""
        return CompressingImpl

    @staticmethod
    def get_builder_cls() -> type[CPUAttentionMetadataBuilder]:
        """Give what divides passes."""
        return CompressingBuilder


def _parts(cache: Tensor) -> tuple[Tensor, Tensor]:
    """Give keys and values of a (B, K, N, 2 * D) cache, as vLLM's kernels take them."""
    blocks, heads, size, _ = cache.shape
    keys, values = cache.view(blocks, heads, size * 2, -1).chunk(2, dim=2)
    return keys, values
