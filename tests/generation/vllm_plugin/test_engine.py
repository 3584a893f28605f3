"""Real vLLM with smaller caches, beside the decoding engine on the same prompts; one process an engine."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from rag.core.registry import Family
from rag.core.settings import Settings
from rag.generation.backends._smollm2 import ensure_model
from rag.generation.backends.transformers import Transformers
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading
from rag.generation.vllm_plugin.packing import plan_of

pytestmark = pytest.mark.vllm

REPOSITORY = Path(__file__).parents[3]
SIZE, ANSWER = 32, 12
POLICIES = ("streaming", "keydiff", "snapkv", "h2o", "ems")


@pytest.fixture(scope="module")
def folder() -> Path:
    return ensure_model(Settings().models_dir)


@pytest.fixture(scope="module")
def loaded() -> Any:
    model = Transformers(Settings().models_dir)._load()
    use_ragged_attention(model.model)
    return model


@pytest.fixture(scope="module")
def prompts(loaded: Any) -> list[list[int]]:
    """Give two prompts of ten blocks and more, whose first five are the same."""
    shared = " ".join(
        f"The {name} of hall {n} is kept by guard {n * 7}." for n, name in enumerate("abcdefgh")
    )
    texts = [
        f"{shared}\n" * 2 + "\n".join(f"Note {n}: the {what} opens at {n + 3}." for n in range(14)) + tail
        for what, tail in (
            ("gate", "\nThe gate of note 9 opens at"),
            ("shop", "\nNow the guards say that the"),
        )
    ]
    return [loaded.tokenizer.encode(text) for text in texts]


def run_engine(
    environment: Path, folder: Path, *, plugin: Any, engine: dict[str, Any], runs: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give what each run answered, in one engine of its own process."""
    job = {"plugin": plugin, "engine": {"model": str(folder), "kv_cache_memory_bytes": 128 << 20} | engine}
    finished = subprocess.run(
        [str(environment / "bin" / "python"), "-m", "benchmarks._vllm_engine"],
        input=json.dumps(job | {"runs": runs}),
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert finished.returncode == 0, finished.stderr[-6000:]
    answered: list[dict[str, Any]] = json.loads(finished.stdout.splitlines()[-1])
    return answered


def engine_tokens(loaded: Any, prompt: list[int], policy: Policy) -> list[int]:
    """Write with the decoding engine, which keeps as much of the prompt as whole blocks hold."""
    plan = plan_of(len(prompt), block_size=SIZE, budget=policy.budget)
    read = prompt[:-1]
    seen = policy.observe(loaded.model)
    cache = RaggedCache(loaded.model.config.num_hidden_layers).observe(seen)
    with torch.inference_mode():
        for start in range(0, len(read), 128):
            piece = torch.tensor([read[start : start + 128]])
            loaded.model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
        if plan is not None:
            policy.budget = (plan.num_kept * SIZE + plan.num_read - plan.num_full * SIZE) / plan.num_read
            policy.compress(cache, Reading(loaded.model, read, seen))
        written: list[int] = []
        unread = prompt[-1:]
        while len(written) < ANSWER:
            output = loaded.model(input_ids=torch.tensor([unread]), past_key_values=cache, use_cache=True)
            written.append(int(output.logits[0, -1].argmax()))
            unread = written[-1:]
    return written


def test_each_policy_writes_what_the_decoding_engine_writes(
    vllm_environment: Path, folder: Path, loaded: Any, prompts: list[list[int]]
) -> None:
    budgets = [(name, 0.5) for name in POLICIES] + [("streaming", 1.0)]
    runs = [
        {
            "prompts": prompts,
            "max_tokens": ANSWER,
            "ignore_eos": True,
            "kv": {"policy": name, "budget": budget},
        }
        for name, budget in budgets
    ]
    answered = run_engine(
        vllm_environment,
        folder,
        plugin={"kv": {"policy": "streaming", "budget": 0.5}},
        engine={"enable_prefix_caching": False, "max_num_batched_tokens": 256},
        runs=runs,
    )
    for (name, budget), got in zip(budgets, answered, strict=True):
        policies = [Family("rag.generation.kv").load(name)(budget) for _ in prompts]
        expected = [
            engine_tokens(loaded, prompt, policy) for prompt, policy in zip(prompts, policies, strict=True)
        ]
        assert got["tokens"] == expected, name
        kept = blocks_behind(prompts[1], budget)  # the first is done by then
        assert got["used_blocks"][-2] in (kept, kept + 1), name  # an answer may begin another
        assert got["used_blocks"][-1] == 0


def blocks_behind(prompt: list[int], budget: float) -> int:
    """Count the blocks that a prompt has once it is read, with the one that its answer begins in."""
    plan = plan_of(len(prompt), block_size=SIZE, budget=budget)
    assert plan is not None
    return plan.num_kept + 1


def test_shared_prefixes_and_drafts_change_no_token(
    vllm_environment: Path, folder: Path, loaded: Any, prompts: list[list[int]]
) -> None:
    """Long and short requests share blocks and pack; drafts are verified; the pool is small."""
    first, second = prompts
    short = first[:64] + loaded.tokenizer.encode("\nThe name of hall 2 is")
    longer = first + loaded.tokenizer.encode(
        "".join(f"\nNote {n}: it rains in room {n}." for n in range(8))
    )
    asked = [short, first, first, second, longer]
    shared = {"max_tokens": ANSWER, "ignore_eos": True}
    answered = run_engine(
        vllm_environment,
        folder,
        plugin={"kv": {"policy": "keydiff", "budget": 0.5}},
        engine={
            "enable_prefix_caching": True,
            "max_num_batched_tokens": 128,
            "max_model_len": 704,
            "num_gpu_blocks_override": 31,  # of which one is none: two prompts and a half
            "speculative_config": {
                "method": "ngram",
                "num_speculative_tokens": 3,
                "prompt_lookup_max": 3,
                "prompt_lookup_min": 2,
            },
        },
        runs=[
            shared | {"prompts": asked, "is_in_turn": True},
            shared | {"prompts": asked},
            shared | {"prompts": asked[1:], "kv": {"policy": "snapkv", "budget": 0.25}},
        ],
    )
    for got, (name, budget) in zip(answered, [("keydiff", 0.5)] * 2 + [("snapkv", 0.25)], strict=True):
        written = {
            tuple(prompt): engine_tokens(loaded, prompt, Family("rag.generation.kv").load(name)(budget))
            for prompt in (first, second, short, longer)
        }
        expected = [written[tuple(prompt)] for prompt in asked]
        assert got["tokens"] == expected[-len(got["tokens"]) :], (name, budget)
    in_turn, at_once, smaller = answered
    plan = plan_of(len(first), block_size=SIZE, budget=0.5)
    assert plan is not None
    found = plan.first * SIZE
    # A short one is left whole, and what it published is read by a longer one that packs.
    assert in_turn["cached_tokens"] == [0, 64, found, found, found]
    assert in_turn["drafted_steps"] > 0
    assert min(max(each["in_flight"]) for each in (at_once, smaller)) > max(in_turn["in_flight"]) == 1


def test_a_full_budget_is_no_plugin(vllm_environment: Path, folder: Path, prompts: list[list[int]]) -> None:
    runs = [{"prompts": prompts, "max_tokens": ANSWER}]
    engine = {"enable_prefix_caching": False, "max_num_batched_tokens": 256}
    whole = {"kv": {"policy": "streaming", "budget": 1.0}}
    plain, full = (
        run_engine(vllm_environment, folder, plugin=plugin, engine=engine, runs=runs)[0]
        for plugin in (None, whole)
    )
    for same in ("tokens", "used_blocks", "in_flight"):
        assert full[same] == plain[same]
