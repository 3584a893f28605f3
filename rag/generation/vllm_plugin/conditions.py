"""What an engine must be like for compression to be right; all else is refused at start, with the reason.

Reads vLLM's configuration by attribute, so that it can be tested without vLLM.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rag.core.errors import UnavailableError
from rag.generation.vllm_plugin.options import PROMPT_LENGTHS
from rag.generation.vllm_plugin.scoring import Compressor

__all__ = ["check_engine", "check_layers"]

_DRAFTERS = ("ngram", "custom_class", "suffix")  # that have no cache of their own


def check_engine(config: Any, compressor: Compressor) -> None:
    """Refuse what compression does not go with.

    Args:
        config: vLLM's `VllmConfig`.
        compressor: the policy.

    Raises:
        UnavailableError: the message says what to set, or why it cannot be had.
    """
    parallel, drafts = config.parallel_config, config.speculative_config
    refusals = {
        f"it needs to know prompts' lengths: start with --hf-overrides '{json.dumps(PROMPT_LENGTHS)}', as"
        " `rag llm serve` does": config.model_config.rswa_window is None,
        "this policy judges by the attention of every token of a prompt, and a prefix that is found in the"
        " cache is not read again: start with --no-enable-prefix-caching, or take streaming, keydiff or"
        " snapkv": compressor.needs_all and config.cache_config.enable_prefix_caching,
        "a draft model keeps a cache of its own by the same block table: draft with ngram or Grove's"
        " proposer": drafts is not None and drafts.method not in _DRAFTERS,
        "a KV connector would store or load blocks that were packed: start without"
        " --kv-transfer-config": config.kv_transfer_config is not None,
        "context parallelism splits a sequence over workers, and a head's page must lie in one:"
        " start without it": parallel.decode_context_parallel_size > 1
        or parallel.prefill_context_parallel_size > 1,
        "razor's heads are numbered over the whole model: start with one worker a layer"
        " (tensor parallel 1)": compressor.has_biases and parallel.tensor_parallel_size > 1,
        "vLLM's newer model runner keeps block tables in a way that was not tried: set"
        " VLLM_USE_V2_MODEL_RUNNER=0": config.use_v2_model_runner,
        "keys are packed as numbers, and this cache holds codes: start with --kv-cache-dtype"
        " auto": config.cache_config.cache_dtype != "auto",
    }
    _refuse(refusals)


def check_layers(layers: Iterable[Any], compressor: Compressor) -> None:
    """Refuse attention that smaller caches would compute otherwise.

    Args:
        layers: what attends in each of vLLM's, its `AttentionImpl`.
        compressor: the policy.

    Raises:
        UnavailableError: the message says what the model has.
    """
    found = list(layers)
    refusals = {
        "this model tells positions by ALiBi, whose biases hang on where a key stood, and packing moves"
        " keys": any(each.alibi_slopes is not None for each in found),
        "this model's attention has sinks, which attention to smaller caches does not add": any(
            each.sinks is not None for each in found
        ),
        "this model caps its attention's logits, and razor's, computed in torch, would have none: take"
        " another policy": compressor.has_biases and any(each.logits_soft_cap for each in found),
    }
    _refuse(refusals)


def _refuse(refusals: Mapping[str, bool]) -> None:
    for reason, is_refused in refusals.items():
        if is_refused:
            raise UnavailableError(f"kv compression cannot start: {reason}")
