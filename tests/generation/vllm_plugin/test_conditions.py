from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rag.core.errors import UnavailableError
from rag.generation.vllm_plugin.conditions import check_engine, check_layers
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


def attending(**changed: Any) -> Any:
    return SimpleNamespace(**{"alibi_slopes": None, "sinks": None, "logits_soft_cap": 0} | changed)


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"alibi_slopes": [0.5, 0.25]}, "ALiBi"), ({"sinks": [0.1, 0.2]}, "sinks")],
)
def test_attention_that_is_not_kept_beside_packed_keys_is_refused(
    changed: dict[str, Any], named: str
) -> None:
    check_layers([attending(), attending()], compressor("streaming"))
    with pytest.raises(UnavailableError, match=named):
        check_layers([attending(), attending(**changed)], compressor("streaming"))


def test_a_cap_of_logits_goes_with_all_policies_but_razor(tmp_path: Path) -> None:
    capped = [attending(logits_soft_cap=50.0)]
    check_layers(capped, compressor("streaming"))
    heads = tmp_path / "heads.json"
    heads.write_text('{"echo": [[0, 1, 2]], "induction": [[0, 1, 2]]}')
    razor = Compressor("razor", 0.5, {"heads": str(heads)}, num_heads=3, block_size=32)
    with pytest.raises(UnavailableError, match="take another policy"):
        check_layers(capped, razor)
