"""vLLM's FlashAttention with smaller caches, as its custom backend: `--attention-backend CUSTOM`.

Written against the same vLLM as backend.py, and not yet run on a GPU (docs/serving.md). What it adds to
compressing.py, which is tested in plain torch, is the call of one kernel on sequences of one KV head each.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
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

from rag.generation.vllm_plugin.compressing import Pass, Worker
from rag.generation.vllm_plugin.engine.dividing import AttendingDivided, Dividing
from rag.generation.vllm_plugin.steps import Virtual

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


class CompressingBuilder(Dividing, FlashAttentionMetadataBuilder):
    """Divide each pass."""

    metadata_type = CompressingMetadata
    # A pass is divided on the host, which no captured graph can repeat.
    _cudagraph_support = AttentionCGSupport.NEVER
    supports_update_block_table = False

    def _store(self, keys: Tensor, values: Tensor, cache: Tensor, slots: Tensor) -> None:
        one = torch.ones(1, device=cache.device)
        fa_utils.reshape_and_cache_flash(keys, values, *_parts(cache), slots, "auto", one, one)

    def build(
        self,
        common_prefix_len: int,
        common_attn_metadata: CommonAttentionMetadata,
        fast_build: bool = False,
    ) -> CompressingMetadata:
        """Give what the layers of this group are told."""
        told: CompressingMetadata = super().build(common_prefix_len, common_attn_metadata, fast_build)
        # Prompts' lengths are asked for by the name of a sliding window, and are for dividing alone.
        told.rswa_prefix_lens = told.rswa_window = told.rswa_window_tensor = None
        return told


class CompressingImpl(AttendingDivided, FlashAttentionImpl):
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
