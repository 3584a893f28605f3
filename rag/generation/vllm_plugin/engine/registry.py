"""Grove's manager and backends in vLLM's registries."""

from importlib import import_module

from vllm.platforms import current_platform
from vllm.v1.attention.backends.registry import AttentionBackendEnum, register_backend
from vllm.v1.kv_cache_interface import KVCacheGroupRole
from vllm.v1.kv_cache_spec_registry import KVCacheSpecRegistry

from rag.generation.vllm_plugin.engine.manager import CompressingManager
from rag.generation.vllm_plugin.options import KvOptions

__all__ = ["register"]


def register(options: KvOptions) -> None:
    """Name the manager of every group of layers, and this platform's backend."""
    CompressingManager.options = options
    KVCacheSpecRegistry.register_role_manager(KVCacheGroupRole.DEFAULT, CompressingManager)
    # Each imports its kernels. On CPUs vLLM takes no custom backend, but another of its own name.
    name, place = ("backend", "CPU_ATTN") if current_platform.is_cpu() else ("cuda", "CUSTOM")
    module = import_module(f"rag.generation.vllm_plugin.engine.{name}")
    module.CompressingBuilder.options = options
    register_backend(AttentionBackendEnum[place], f"{module.__name__}.CompressingBackend")
