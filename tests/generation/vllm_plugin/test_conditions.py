from types import SimpleNamespace
from typing import Any

import pytest

from rag.core.errors import UnavailableError
from rag.generation.vllm_plugin.conditions import check_engine
from rag.generation.vllm_plugin.scoring import Compressor


def config(**changed: Any) -> Any:
    values = {
        "rswa_window": 1 << 20,
        "enable_prefix_caching": False,
        "drafts": None,
        "kv_transfer_config": None,
        "context": 1,
        "cache_dtype": "auto",
        "use_v2_model_runner": False,
    } | changed
    return SimpleNamespace(
        model_config=SimpleNamespace(rswa_window=values["rswa_window"]),
        cache_config=SimpleNamespace(
            enable_prefix_caching=values["enable_prefix_caching"], cache_dtype=values["cache_dtype"]
        ),
        speculative_config=values["drafts"],
        kv_transfer_config=values["kv_transfer_config"],
        use_v2_model_runner=values["use_v2_model_runner"],
        parallel_config=SimpleNamespace(
            decode_context_parallel_size=values["context"],
            prefill_context_parallel_size=1,
            tensor_parallel_size=1,
        ),
    )


def compressor(policy: str) -> Compressor:
    return Compressor(policy, 0.5, {}, num_heads=3, block_size=32)


@pytest.mark.parametrize("policy", ["streaming", "keydiff", "snapkv"])
def test_a_prefix_cache_and_drafts_go_with_policies_that_look_at_the_end(policy: str) -> None:
    for method in ("ngram", "custom_class", "suffix"):
        drafts = SimpleNamespace(method=method)
        check_engine(config(enable_prefix_caching=True, drafts=drafts), compressor(policy))


@pytest.mark.parametrize("policy", ["h2o", "ems", "critic"])
def test_policies_that_need_every_token_read_are_refused_with_a_prefix_cache(policy: str) -> None:
    check_engine(config(), compressor(policy))
    with pytest.raises(UnavailableError, match=r"is not read again: start with --no-enable-prefix-caching"):
        check_engine(config(enable_prefix_caching=True), compressor(policy))


@pytest.mark.parametrize(
    ("changed", "what_to_do"),
    [
        ({"rswa_window": None}, "--hf-overrides"),
        ({"drafts": SimpleNamespace(method="draft_model")}, "draft with ngram"),
        ({"drafts": SimpleNamespace(method="eagle3")}, "draft with ngram"),
        ({"kv_transfer_config": object()}, "without --kv-transfer-config"),
        ({"context": 2}, "start without it"),
        ({"cache_dtype": "fp8"}, "--kv-cache-dtype auto"),
        ({"use_v2_model_runner": True}, "VLLM_USE_V2_MODEL_RUNNER=0"),
    ],
)
def test_an_engine_that_compression_does_not_go_with_is_refused(
    changed: dict[str, Any], what_to_do: str
) -> None:
    with pytest.raises(UnavailableError, match=what_to_do):
        check_engine(config(**changed), compressor("streaming"))
