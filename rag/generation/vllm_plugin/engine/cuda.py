"""vLLM's FlashAttention with smaller caches, as its custom backend: `--attention-backend CUSTOM`.

Written against the same vLLM as backend.py, and not yet run on a GPU (docs/serving.md). What it adds to
compressing.py, which is tested in plain torch, is the call of one kernel on sequences of one KV head each.
"""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import torch
from torch import Tensor
from vllm.model_executor.models.utils import extract_layer_index
from vllm.utils.torch_utils import canonicalize_singleton_dim_strides
from vllm.v1.attention.backend import AttentionCGSupport, CommonAttentionMetadata
from vllm.v1.attention.backends import fa_utils
from vllm.v1.attention.backends.flash_attn import (
    FlashAttentionBackend,
    FlashAttentionImpl,
    FlashAttentionMetadata,
    FlashAttentionMetadataBuilder,
)
from vllm.v1.kv_cache_interface import KVCacheLayout

from rag.generation.vllm_plugin.compressing import Kernels, Pass, Worker
from rag.generation.vllm_plugin.engine.dividing import divided, worker_of
from rag.generation.vllm_plugin.options import KvOptions
from rag.generation.vllm_plugin.steps import Batch, Virtual

__all__ = ["KERNEL_ARGUMENTS", "CompressingBackend", "CompressingBuilder", "CompressingImpl"]

KERNEL_ARGUMENTS = (
    "q",
    "k",
    "v",
    "out",
    "cu_seqlens_q",
    "max_seqlen_q",
    "seqused_k",
    "max_seqlen_k",
    "softmax_scale",
    "causal",
    "block_table",
    "softcap",
    "fa_version",
)
"""What FlashAttention is given, so that a test can compare it with what it takes."""


@dataclass
class CompressingMetadata(FlashAttentionMetadata):
    """What vLLM's kernel is told, and what the pass does beside."""

    worker: Worker | None = None
    current: Pass | None = None
    before: FlashAttentionMetadata | None = None  # of the tokens that attend to whole caches


class CompressingBuilder(FlashAttentionMetadataBuilder):
    """Divide each pass."""

    options: ClassVar[KvOptions]  # set once, before any engine starts
    # A pass is divided on the host, which no captured graph can repeat.
    _cudagraph_support = AttentionCGSupport.NEVER
    supports_update_block_table = False

    def __init__(self, *arguments: Any, **more: Any) -> None:  # Any: as vLLM has them
        """Check the engine and its cache, once for each group of layers."""
        super().__init__(*arguments, **more)
        self.use(self.options)

    def use(self, options: KvOptions) -> None:
        """Compress so from the next pass on, with nothing in flight; the manager is told apart."""

        def store(keys: Tensor, values: Tensor, cache: Tensor, slots: Tensor) -> None:
            one = torch.ones(1, device=cache.device)
            fa_utils.reshape_and_cache_flash(keys, values, *_parts(cache), slots, "auto", one, one)

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
        # Prompts' lengths are asked for by the name of a sliding window, and are for dividing alone.
        whole.rswa_prefix_lens = whole.rswa_window = whole.rswa_window_tensor = None
        told = CompressingMetadata(**{each.name: getattr(whole, each.name) for each in fields(whole)})
        told.worker = self._worker
        told.current, part = divided(self._worker, common_attn_metadata)
        if part is not None:
            told.before = super().build(common_prefix_len, part, fast_build)
        return told


class CompressingImpl(FlashAttentionImpl):
    """Attend to whole caches as ever, and to smaller ones head by head."""

    def forward(
        self,
        layer: Any,  # Any: vLLM's layers
        query: Tensor,
        key: Tensor,
        value: Tensor,
        kv_cache: Tensor,
        attn_metadata: FlashAttentionMetadata | None,
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
            return self._attend_by_kernel(queries, kv_cache, sequences)

        number, count = extract_layer_index(layer.layer_name), told.num_actual_tokens
        told.worker.attend(
            told.current, number, query[:count], kv_cache, output[:count], Kernels(whole, virtual)
        )
        return output

    def _attend_by_kernel(self, queries: Tensor, cache: Tensor, sequences: Virtual) -> Tensor:
        tables, lengths = sequences.tables
        blocks, heads, size, dims = cache.shape
        outputs = torch.empty_like(queries)
        keys, values = _parts(cache.view(blocks * heads, 1, size, dims))
        given = (
            queries,
            canonicalize_singleton_dim_strides(keys),
            canonicalize_singleton_dim_strides(values),
            outputs,
            sequences.starts.to(queries.device),
            int(sequences.starts.diff().max()),
            lengths,
            int(lengths.max()),
            self.scale,
            True,
            tables,
            self.logits_soft_cap,
            self.vllm_flash_attn_version,
        )
        fa_utils.flash_attn_varlen_func(**dict(zip(KERNEL_ARGUMENTS, given, strict=True)))
        return outputs


class CompressingBackend(FlashAttentionBackend):
    """What vLLM is given under the name CUSTOM."""

    @staticmethod
    def get_name() -> str:
        """Give the name that it is asked for by."""
        return "CUSTOM"

    @classmethod
    def supported_kv_cache_layouts(cls) -> tuple[KVCacheLayout, ...]:
        """Ask for a head's page in one piece."""
        return (KVCacheLayout.LBHNC,)

    @staticmethod
    def get_impl_cls() -> type[FlashAttentionImpl]:
        """Give what attends."""
        return CompressingImpl

    @staticmethod
    def get_builder_cls() -> type[FlashAttentionMetadataBuilder]:
        """Give what divides passes."""
        return CompressingBuilder


def _parts(cache: Tensor) -> tuple[Tensor, Tensor]:
    """Give keys and values (B, N, K, D) of a (B, K, N, 2 * D) cache, as vLLM's kernels take them."""
    dims = cache.shape[-1] // 2
    tokens_first = cache.transpose(1, 2)
    return tokens_first[..., :dims], tokens_first[..., dims:]
