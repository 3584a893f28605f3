"""Compression, put where vLLM takes a manager of blocks and a backend of attention."""

from importlib import import_module

from rag.generation.vllm_plugin.options import KvOptions
from rag.generation.vllm_plugin.scoring import check_policy

__all__ = ["register"]


def register(options: KvOptions) -> None:
    """Make every engine of this process compress; called in each of vLLM's processes, perhaps twice.

    Raises:
        InvalidInputError: a policy that is not served, with the reason.
    """
    check_policy(options.policy)
    # Imported late: only vLLM's environment has what they stand on.
    import_module("rag.generation.vllm_plugin.engine.registry").register(options)
