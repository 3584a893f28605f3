"""A pass of vLLM's runner, divided: the same for every platform's backend."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, ClassVar

import torch
from torch import Tensor
from vllm.config import VllmConfig, get_layers_from_vllm_config
from vllm.model_executor.layers.attention import Attention
from vllm.model_executor.models.utils import extract_layer_index
from vllm.v1.attention.backend import AttentionImpl, AttentionMetadataBuilder, CommonAttentionMetadata
from vllm.v1.kv_cache_interface import AttentionSpec

from rag.generation.vllm_plugin.compressing import Kernels, Pass, Worker
from rag.generation.vllm_plugin.conditions import check_engine, check_layers
from rag.generation.vllm_plugin.layout import found_layout
from rag.generation.vllm_plugin.options import KvOptions
from rag.generation.vllm_plugin.scoring import Compressor
from rag.generation.vllm_plugin.steps import Batch, Virtual

__all__ = ["AttendingDivided", "Dividing", "Store", "divided", "worker_of"]

Store = Callable[[Tensor, Tensor, Tensor, Tensor], None]
"""A platform's kernel that stores keys and values (T, K, D) in a cache at slots (T,)."""


def worker_of(
    options: KvOptions,
    config: VllmConfig,
    spec: AttentionSpec,
    layer_names: Sequence[str],
    *,
    store: Store,
    device: torch.device,
) -> Worker:
    """Give the worker of a group of layers, once the engine and its cache are checked.

    Raises:
        InvalidInputError: a policy or settings that cannot be served.
        UnavailableError: an engine with what compression does not go with; the message names it.
    """
    compressor = Compressor(
        options.policy,
        options.budget,
        options.settings,
        num_heads=spec.num_kv_heads,
        block_size=spec.block_size,
    )
    check_engine(config, compressor)
    shape = (spec.num_kv_heads, spec.block_size, spec.head_size)
    layout = found_layout(store, shape=shape, dtype=spec.dtype, device=device)
    layers: dict[str, Any] = get_layers_from_vllm_config(config, Attention, list(layer_names))
    check_layers((layer.impl for layer in layers.values()), compressor)
    scales = {layer.impl.scale for layer in layers.values()}
    assert len(scales) == 1, "layers of one model scale alike"
    return Worker(compressor, layout, num_heads=spec.num_kv_heads, scaling=scales.pop())


def divided(
    worker: Worker, common: CommonAttentionMetadata
) -> tuple[Pass | None, CommonAttentionMetadata | None]:
    """Give the pass, None where it is as ever, and what its earlier tokens are where others come behind."""
    if common.rswa_prefix_lens is None:
        return None, None
    count = common.num_reqs
    current = worker.begin(
        common.query_start_loc_cpu[: count + 1].tolist(),
        common.seq_lens[:count].tolist(),
        common.rswa_prefix_lens[:count].tolist(),
        common.block_table_tensor,
    )
    if current is None or current.before is None or current.after is None:
        return current, None
    before = current.before
    starts, device = torch.tensor(before.starts, dtype=torch.int32), common.query_start_loc.device
    part: CommonAttentionMetadata = common.replace(
        num_reqs=len(before.rows),
        num_actual_tokens=len(before.tokens),
        query_start_loc=starts.to(device),
        query_start_loc_cpu=starts,
        seq_lens=torch.tensor(before.lengths, dtype=torch.int32, device=device),
        block_table_tensor=torch.stack([row.blocks for row in before.rows]),
        slot_mapping=common.slot_mapping[before.tokens.to(device)],
        rswa_prefix_lens=None,
    )
    return current, part


class Dividing(AttentionMetadataBuilder):
    """Divides each pass: stands before a platform's own builder, which gives what its kernel is told."""

    options: ClassVar[KvOptions]  # set once, before any engine starts
    metadata_type: ClassVar[type]  # the platform's metadata, with `worker`, `current` and `before`

    def __init__(self, *arguments: Any, **more: Any) -> None:  # Any: as vLLM has them
        """Check the engine and its cache, once for each group of layers."""
        super().__init__(*arguments, **more)
        self.use(self.options)

    @abstractmethod
    def _store(self, keys: Tensor, values: Tensor, cache: Tensor, slots: Tensor) -> None: ...

    def use(self, options: KvOptions) -> None:
        """Compress so from the next pass on, with nothing in flight; the manager is told apart."""
        self._worker = worker_of(
            options,
            self.vllm_config,
            self.kv_cache_spec,
            self.layer_names,
            store=self._store,
            device=self.device,
        )

    def build(
        self,
        common_prefix_len: int,
        common_attn_metadata: CommonAttentionMetadata,
        fast_build: bool = False,
    ) -> Any:  # Any: of the platform
        """Give what the layers of this group are told."""
        whole = super().build(common_prefix_len, common_attn_metadata, fast_build)
        told = self.metadata_type(**{each.name: getattr(whole, each.name) for each in fields(whole)})
        told.worker = self._worker
        told.current, part = divided(self._worker, common_attn_metadata)
        if part is not None:
            told.before = super().build(common_prefix_len, part, fast_build)
        return told


class AttendingDivided(AttentionImpl):
    """Attends to whole caches as ever, by the platform's own layer, and to smaller ones head by head."""

    @abstractmethod
    def _attend_by_kernel(
        self,
        layer: Any,  # Any: vLLM's layers
        queries: Tensor,
        cache: Tensor,
        sequences: Virtual,
        told: Any,  # Any: of the platform
    ) -> Tensor: ...

    def forward(
        self,
        layer: Any,  # Any: vLLM's layers
        query: Tensor,
        key: Tensor,
        value: Tensor,
        kv_cache: Tensor,
        attn_metadata: Any,  # Any: of the platform
        output: Tensor,
        **scales: Any,  # Any: of codes, which are refused
    ) -> Tensor:
        """Attend, pack what was read to its end, and attend to what was packed."""
        told, own_forward = attn_metadata, super().forward
        if getattr(told, "current", None) is None or told.worker is None:
            plain: Tensor = own_forward(layer, query, key, value, kv_cache, told, output, **scales)
            return plain

        def whole(batch: Batch | None, queries: Tensor, into: Tensor) -> None:
            metadata = told if batch is None else told.before
            own_forward(layer, queries, key, value, kv_cache, metadata, into, **scales)

        def virtual(sequences: Virtual, queries: Tensor) -> Tensor:
            return self._attend_by_kernel(layer, queries, kv_cache, sequences, told)

        number, count = extract_layer_index(layer.layer_name), told.num_actual_tokens
        kernels = Kernels(whole, virtual)
        told.worker.attend(told.current, number, query[:count], kv_cache, output[:count], kernels)
        return output
