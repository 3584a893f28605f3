"""A pass of vLLM's runner, divided: the same for every platform's backend."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from vllm.config import VllmConfig, get_layers_from_vllm_config
from vllm.model_executor.layers.attention import Attention
from vllm.v1.attention.backend import CommonAttentionMetadata
from vllm.v1.kv_cache_interface import AttentionSpec

from rag.generation.vllm_plugin.compressing import Pass, Worker
from rag.generation.vllm_plugin.conditions import check_engine
from rag.generation.vllm_plugin.layout import found_layout
from rag.generation.vllm_plugin.options import KvOptions
from rag.generation.vllm_plugin.scoring import Compressor

__all__ = ["Store", "divided", "worker_of"]

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
