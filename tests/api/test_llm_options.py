import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.llm_options import ServerOptions, checked_draft, checked_kv, server_arguments, server_variables
from rag.core.errors import InvalidInputError
from rag.generation.vllm_plugin.options import KvOptions, PluginOptions

MODEL = Path("/models/any")


def given(options: ServerOptions, name: str, *, is_gpu: bool = False) -> str | None:
    arguments = server_arguments(options, is_gpu=is_gpu)
    return arguments[arguments.index(name) + 1] if name in arguments else None


def test_without_drafts_vllm_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_VLLM", '{"proposer": {}}')
    options = ServerOptions(MODEL)
    assert given(options, "--speculative-config") is None
    assert server_variables(options)["GROVE_VLLM"] == ""
    assert os.environ["GROVE_VLLM"]


def test_vllms_own_drafts_need_no_plugin() -> None:
    options = ServerOptions(MODEL, draft="ngram", drafted_tokens=5)
    told = json.loads(given(options, "--speculative-config") or "")
    assert (told["method"], told["num_speculative_tokens"]) == ("ngram", 5)
    assert options.plugin is None


@pytest.mark.parametrize("draft", ["suffix", "recycling", "rasd"])
def test_our_drafts_come_from_the_plugin(draft: str) -> None:
    options = ServerOptions(MODEL, draft=checked_draft(draft))
    told = json.loads(given(options, "--speculative-config") or "")
    assert (told["method"], told["num_speculative_tokens"]) == ("custom_class", 8)
    plugin = PluginOptions.from_json(server_variables(options)["GROVE_VLLM"])
    assert plugin.proposer is not None
    assert plugin.proposer.kind == draft


def test_compression_goes_to_the_plugin_and_lengths_of_prompts_to_attention() -> None:
    kv = KvOptions("snapkv", 0.25)
    options = ServerOptions(MODEL, kv=kv)
    assert PluginOptions.from_json(server_variables(options)["GROVE_VLLM"]) == PluginOptions(kv=kv)
    assert "rswa_window" in (given(options, "--hf-overrides") or "")
    assert given(options, "--attention-backend") is None
    assert given(options, "--attention-backend", is_gpu=True) == "CUSTOM"
    assert server_variables(options)["VLLM_USE_V2_MODEL_RUNNER"] == "0"
    assert "VLLM_USE_V2_MODEL_RUNNER" not in server_variables(ServerOptions(MODEL))


@pytest.mark.parametrize(
    ("policy", "settings", "flag"),
    [
        ("snapkv", "{}", "--enable-prefix-caching"),
        ("h2o", "{}", "--no-enable-prefix-caching"),
        ("prefixkv", '{"allocation": "uniform"}', "--no-enable-prefix-caching"),
        ("razor", '{"heads": "retrieval_heads.json", "share": 0.2}', "--enable-prefix-caching"),
    ],
)
def test_a_policy_that_must_read_every_token_turns_the_prefix_cache_off(
    policy: str, settings: str, flag: str
) -> None:
    options = ServerOptions(MODEL, kv=checked_kv(policy, 0.5, settings))
    assert flag in server_arguments(options, is_gpu=False)
    assert options.plugin is not None
    assert options.plugin.kv is not None
    assert options.plugin.kv.settings == json.loads(settings)


@pytest.mark.parametrize(
    ("policy", "settings", "message"),
    [
        ("snapkv", "kernel=15", "JSON object such as .*, got 'kernel=15'"),
        ("snapkv", "[15]", "JSON object"),
        (None, '{"kernel": 15}', "name it with --kv-policy"),
    ],
)
def test_settings_that_are_none_are_refused(policy: str | None, settings: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        checked_kv(policy, None, settings)


def test_a_budget_belongs_to_a_policy_and_is_a_half_unless_given() -> None:
    assert checked_kv("snapkv", None, "{}") == KvOptions("snapkv", 0.5)
    assert checked_kv(None, None, "{}") is None
    with pytest.raises(InvalidInputError, match="name it with --kv-policy"):
        checked_kv(None, 0.25, "{}")


@pytest.mark.parametrize(
    ("policy", "settings", "message"),
    [
        ("kvzip", "{}", "second reading"),
        ("snap", "{}", "choose one of"),
        ("snapkv", '{"kernels": 3}', "kernels"),
        ("snapkv", '{"bits": 4}', "kv-cache-dtype"),
    ],
)
def test_what_vllm_cannot_have_is_told_before_it_starts(policy: str, settings: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        server_arguments(ServerOptions(MODEL, kv=checked_kv(policy, 0.5, settings)), is_gpu=False)


def test_a_gpu_takes_what_is_free_unless_told() -> None:
    assert given(ServerOptions(MODEL), "--kv-cache-memory-bytes", is_gpu=True) is None
    told = ServerOptions(MODEL, cache_bytes=1 << 30, max_num_seqs=64)
    assert given(told, "--kv-cache-memory-bytes", is_gpu=True) == str(1 << 30)
    assert given(told, "--max-num-seqs", is_gpu=True) == "64"
    assert given(ServerOptions(MODEL), "--max-num-seqs") == "8"


def test_a_draft_that_is_none_of_ours_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidInputError, match="none, ngram, suffix, recycling, rasd, got 'eagle'"):
        checked_draft("eagle")


def test_vllm_has_the_threads_that_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OMP_NUM_THREADS", "VLLM_CPU_OMP_THREADS_BIND"):
        monkeypatch.delenv(name, raising=False)
    variables = server_variables(ServerOptions(MODEL, threads=3))
    assert (variables["OMP_NUM_THREADS"], variables["VLLM_CPU_OMP_THREADS_BIND"]) == ("3", "nobind")
    monkeypatch.setenv("OMP_NUM_THREADS", "6")
    assert server_variables(ServerOptions(MODEL))["OMP_NUM_THREADS"] == "6"
    monkeypatch.setenv("VLLM_CPU_OMP_THREADS_BIND", "0-5")
    assert server_variables(ServerOptions(MODEL))["VLLM_CPU_OMP_THREADS_BIND"] == "0-5"


@pytest.mark.parametrize("name", ["drafted_tokens", "max_num_seqs", "cache_bytes", "start_seconds"])
def test_a_number_below_one_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="1 or more"):
        ServerOptions(MODEL, **{name: 0})  # type: ignore[arg-type]  # each is a number


def test_the_command_takes_how_long_a_model_may_take_to_start(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        app, ["llm", "serve", str(MODEL), "--start-seconds", "0", "--home", str(tmp_path)]
    )
    assert isinstance(told.exception, InvalidInputError)
    assert "--start-seconds" in str(told.exception)
