"""vLLM's attention on CPUs, with smaller caches: its own kernel, on sequences of one KV head each.

Knows vLLM's tensors and kernels; what is done in a pass is compressing.py's.
"""

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import torch
from torch import Tensor
from vllm import _custom_ops as ops
from vllm import envs
from vllm.model_executor.models.utils import extract_layer_index
from vllm.v1.attention.backend import CommonAttentionMetadata
from vllm.v1.attention.backends.cpu_attn import (
    CPUAttentionBackend,
    CPUAttentionBackendImpl,
    CPUAttentionMetadata,
    CPUAttentionMetadataBuilder,
)

from rag.generation.vllm_plugin.compressing import Kernels, Pass, Worker
from rag.generation.vllm_plugin.engine.dividing import divided, worker_of
from rag.generation.vllm_plugin.options import KvOptions
from rag.generation.vllm_plugin.steps import Batch, Virtual

__all__ = ["CompressingBackend", "CompressingBuilder", "CompressingImpl", "CompressingMetadata"]


@dataclass
class CompressingMetadata(CPUAttentionMetadata):
    """What vLLM's kernel is told, and what the pass does beside."""

    worker: Worker | None = None
    current: Pass | None = None
    before: CPUAttentionMetadata | None = None  # of the tokens that attend to whole caches
    scheduled: dict[tuple[tuple[int, ...], ...], Tensor] = field(default_factory=dict)  # by pages of heads


class CompressingBuilder(CPUAttentionMetadataBuilder):
    """Divide each pass."""

    options: ClassVar[KvOptions]  # set once, before any engine starts

    def __init__(self, *arguments: Any, **more: Any) -> None:  # Any: as vLLM has them
        """Check the engine and its cache, once for each group of layers."""
        super().__init__(*arguments, **more)
        self.use(self.options)

    def use(self, options: KvOptions) -> None:
        """Compress so from the next pass on, with nothing in flight; the manager is told apart."""

        def store(keys: Tensor, values: Tensor, cache: Tensor, slots: Tensor) -> None:
            ops.cpu_attn_reshape_and_cache(keys, values, *_parts(cache), slots, self.isa)

        self._worker = worker_of(
            options, self.vllm_config, self.kv_cache_spec, self.layer_names, store=store, device=self.device
        )

    def build(
        self,
        common_prefix_len: int,
        common_attn_metadata: CommonAttentionMetadata,
        fast_build: bool = False,
    ) -> CompressingMetadata:
        """Give what the layers of this group are told."""
        whole = super().build(common_prefix_len, common_attn_metadata, fast_build)
        told = CompressingMetadata(**{each.name: getattr(whole, each.name) for each in fields(whole)})
        told.worker = self._worker
        told.current, part = divided(self._worker, common_attn_metadata)
        if part is not None:
            told.before = super().build(common_prefix_len, part, fast_build)
        return told


class CompressingImpl(CPUAttentionBackendImpl):
    """Attend to whole caches as ever, and to smaller ones head by head."""

    def forward(
        self,
        layer: Any,  # Any: vLLM's layers
        query: Tensor,
        key: Tensor,
        value: Tensor,
        kv_cache: Tensor,
        attn_metadata: CPUAttentionMetadata | None,
        output: Tensor,
        **scales: Any,  # Any: of codes, which are refused
    ) -> Tensor:
        """Attend, pack what was read to its end, and attend to what was packed."""
        told = attn_metadata
        if not isinstance(told, CompressingMetadata) or told.current is None or told.worker is None:
            plain: Tensor = super().forward(layer, query, key, value, kv_cache, told, output, **scales)
            return plain
        told_whole, own_forward = told.before, super().forward

        def whole(batch: Batch | None, queries: Tensor, into: Tensor) -> None:
            metadata = told if batch is None else told_whole
            own_forward(layer, queries, key, value, kv_cache, metadata, into, **scales)

        def virtual(sequences: Virtual, queries: Tensor) -> Tensor:
            return self._attend_by_kernel(layer, queries, kv_cache, sequences, told)

        number = extract_layer_index(layer.layer_name)
        told.worker.attend(told.current, number, query, kv_cache, output, Kernels(whole, virtual))
        return output

    def _attend_by_kernel(
        self,
        layer: Any,  # Any: vLLM's layers
        split: Tensor,
        cache: Tensor,
        virtual: Virtual,
        told: "CompressingMetadata",
    ) -> Tensor:
        tables, lengths = virtual.tables
        if virtual.pages not in told.scheduled:
            told.scheduled[virtual.pages] = ops.cpu_attn_get_scheduler_metadata(
                num_reqs=len(lengths),
                num_heads=split.shape[1],
                num_kv_heads=1,
                head_dim=self.head_size,
                seq_lens=lengths,
                dtype=split.dtype,
                query_start_loc=virtual.starts,
                causal=True,
                sliding_window_size=-1,
                isa=layer.isa,
                enable_kv_split=envs.VLLM_CPU_ATTN_SPLIT_KV,
                dynamic_causal=None,
                kv_cache_dtype=self.kv_cache_dtype,
            )
        outputs = torch.empty_like(split)
        blocks, heads, size, dims = cache.shape
        keys, values = _parts(cache.view(blocks * heads, 1, size, dims))
        ops.cpu_attention_with_kv_cache(
            query=split,
            key_cache=keys,
            value_cache=values,
            output=outputs,
            query_start_loc=virtual.starts,
            seq_lens=lengths,
            scale=self.scale,
            causal=True,
            alibi_slopes=None,
            sliding_window=-1,
            block_table=tables,
            softcap=self.logits_soft_cap,
            scheduler_metadata=told.scheduled[virtual.pages],
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
