"""Real vLLM with smaller caches, beside the decoding engine on the same prompts; one process an engine."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks._vllm_jobs import Answered, Engine, Round, run_engine
from rag.core.registry import Family
from rag.core.settings import Settings
from rag.generation.backends._smollm2 import ensure_model
from rag.generation.backends.transformers import Transformers
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading
from rag.generation.kv.razor import Razor
from rag.generation.vllm_plugin.options import KvOptions, PluginOptions, ProposerOptions
from rag.generation.vllm_plugin.packing import plan_of

pytestmark = pytest.mark.vllm

SIZE, ANSWER, LONG_ANSWER = 32, 12, 100
HALF, QUARTER = KvOptions("keydiff", 0.5), KvOptions("snapkv", 0.25)
NOT_RETRIEVING = 6  # layers without a retrieving head, the last ones
POLICIES: dict[str, dict[str, Any]] = {
    "streaming": {},
    "keydiff": {},
    "snapkv": {},
    "h2o": {},
    "ems": {},
    "critic": {},
    "prefixkv": {"allocation": "uniform"},
}
DRAFTS: dict[str, dict[str, Any]] = {
    "ngram": {"method": "ngram", "prompt_lookup_max": 3, "prompt_lookup_min": 2},
    "rasd": {"method": "custom_class", "model": "rag.generation.vllm_plugin.proposer.Proposer"},
}
READ_IN_PIECES: dict[str, Any] = {
    "max_num_seqs": 8,
    "cache_bytes": 128 << 20,
    "more": {"enable_prefix_caching": False, "max_num_batched_tokens": 256},
}


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


class PagedRazor(Razor):
    """The decoding engine's razor with one retrieving head in all layers but the last ones.

    It keeps the whole blocks of that head, as the page table of each layer allows: the others share what is
    left, and the first of them has the odd block.
    """

    num_full = 0  # blocks of the prompt

    def counts(self, scores: Tensor, reading: Reading) -> Tensor:
        layers, num_heads, size = scores.shape
        tail = size - self.num_full * SIZE
        kept = num_heads * (round(self.budget * size) - tail) // SIZE  # blocks of a layer
        pages = torch.full((layers, num_heads), kept // num_heads)
        for layer in range(layers - NOT_RETRIEVING):
            rest, odd = divmod(kept - self.num_full, num_heads - 1)
            others = [rest + odd, *[rest] * (num_heads - 2)]
            place = layer % num_heads
            pages[layer] = torch.tensor([*others[:place], self.num_full, *others[place:]])
        return pages * SIZE + tail


@pytest.fixture(scope="module")
def heads(loaded: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give settings of razor that say what `PagedRazor` does."""
    layers, num_heads = loaded.model.config.num_hidden_layers, loaded.model.config.num_key_value_heads
    retrieving = layers - NOT_RETRIEVING
    scores = torch.zeros(layers, num_heads)
    scores[range(retrieving), [layer % num_heads for layer in range(retrieving)]] = 1
    path = tmp_path_factory.mktemp("razor") / "heads.json"
    path.write_text(json.dumps({"echo": scores.tolist(), "induction": scores.tolist()}))
    return {"heads": str(path), "share": retrieving / (layers * num_heads)}


def engine_tokens(loaded: Any, prompt: list[int], kv: KvOptions, count: int = ANSWER) -> list[int]:
    """Write with the decoding engine, which keeps as much of the prompt as whole blocks hold."""
    if kv.policy == "razor":
        policy: Policy = PagedRazor(kv.budget)
    else:
        policy = Family("rag.generation.kv").load(kv.policy)(kv.budget, **kv.settings)
    plan = plan_of(len(prompt), block_size=SIZE, budget=policy.budget)
    read = prompt[:-1]
    seen = policy.observe(loaded.model)
    cache = RaggedCache(loaded.model.config.num_hidden_layers).observe(seen)
    with torch.inference_mode():
        for start in range(0, len(read), 128):
            piece = torch.tensor([read[start : start + 128]])
            loaded.model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
        if plan is not None:
            if isinstance(policy, PagedRazor):
                policy.num_full = plan.num_full
            policy.budget = (plan.num_kept * SIZE + plan.num_read - plan.num_full * SIZE) / plan.num_read
            policy.compress(cache, Reading(loaded.model, read, seen))
        written: list[int] = []
        unread = prompt[-1:]
        while len(written) < count:
            output = loaded.model(input_ids=torch.tensor([unread]), past_key_values=cache, use_cache=True)
            written.append(int(output.logits[0, -1].argmax()))
            unread = written[-1:]
    return written


@pytest.fixture(scope="module")
def compressed(
    vllm_environment: Path, folder: Path, prompts: list[list[int]], heads: dict[str, Any]
) -> list[tuple[KvOptions, Answered]]:
    """Give what one engine writes under each policy, and at last under a full budget."""
    asked = [KvOptions(name, 0.5, settings) for name, settings in POLICIES.items()]
    asked += [KvOptions("razor", 0.5, heads), KvOptions("streaming", 1.0)]
    answered = run_engine(
        Engine(folder, plugin=PluginOptions(kv=asked[0]), **READ_IN_PIECES),
        [Round(prompts, ANSWER, ignores_eos=True, kv=kv) for kv in asked],
        environment=vllm_environment,
    )
    return list(zip(asked, answered, strict=True))


def test_each_policy_writes_what_the_decoding_engine_writes(
    loaded: Any, prompts: list[list[int]], compressed: list[tuple[KvOptions, Answered]]
) -> None:
    for kv, got in compressed:
        assert got.token_ids == [engine_tokens(loaded, prompt, kv) for prompt in prompts], kv
        kept = blocks_behind(prompts[1], kv.budget)  # the first is done by then
        assert got.used_blocks[-2] in (kept, kept + 1), kv  # an answer may begin another
        assert got.used_blocks[-1] == 0


def blocks_behind(prompt: list[int], budget: float) -> int:
    """Count the blocks that a prompt has once it is read, with the one that its answer begins in."""
    plan = plan_of(len(prompt), block_size=SIZE, budget=budget)
    assert plan is not None
    return plan.num_kept + 1


@pytest.fixture(scope="module")
def mixed(loaded: Any, prompts: list[list[int]]) -> list[list[int]]:
    """Give long and short prompts that share blocks, one of them twice."""
    first, second = prompts
    short = first[:64] + loaded.tokenizer.encode("\nThe name of hall 2 is")
    longer = first + loaded.tokenizer.encode(
        "".join(f"\nNote {n}: it rains in room {n}." for n in range(8))
    )
    return [short, first, first, second, longer]


@pytest.fixture(scope="module")
def expected(loaded: Any, mixed: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
    """Give what the decoding engine writes for them: at length by a half, in short by a quarter."""
    at_length = [engine_tokens(loaded, prompt, HALF, LONG_ANSWER) for prompt in mixed]
    return at_length, [engine_tokens(loaded, prompt, QUARTER) for prompt in mixed]


@pytest.mark.parametrize("draft", DRAFTS)
def test_shared_prefixes_drafts_and_preemption_change_no_token(
    vllm_environment: Path,
    folder: Path,
    mixed: list[list[int]],
    expected: tuple[list[list[int]], list[list[int]]],
    draft: str,
) -> None:
    """Long and short requests share blocks and pack; drafts are verified; the pool is small."""
    in_turn = [Round([prompt], ANSWER, ignores_eos=True) for prompt in mixed]
    at_once = Round(mixed, ANSWER, ignores_eos=True)
    rounds = [*in_turn, at_once, replace(at_once, max_tokens=LONG_ANSWER), replace(at_once, kv=QUARTER)]
    answered = run_engine(
        Engine(
            folder,
            DRAFTS[draft] | {"num_speculative_tokens": 3},
            PluginOptions(ProposerOptions() if draft == "rasd" else None, HALF),
            max_num_seqs=8,
            max_model_tokens=704,
            cache_bytes=128 << 20,
            more={
                "max_num_batched_tokens": 128,
                "num_gpu_blocks_override": 31,  # of which one is none: two prompts and a half
            },
        ),
        rounds,
        environment=vllm_environment,
    )
    *alone, together, crowded, smaller = answered
    at_length, by_a_quarter = expected
    assert [each.token_ids[0] for each in alone] == [tokens[:ANSWER] for tokens in at_length]
    assert together.token_ids == [tokens[:ANSWER] for tokens in at_length]
    assert crowded.token_ids == at_length
    assert crowded.preemptions > 0
    assert smaller.token_ids == by_a_quarter
    plan = plan_of(len(mixed[1]), block_size=SIZE, budget=0.5)
    assert plan is not None
    found = plan.first * SIZE
    # A short one is left whole, and what it published is read by a longer one that packs.
    assert [each.cached_tokens[0] for each in alone] == [0, 64, found, found, found]
    assert together.counters["vllm:spec_decode_num_accepted_tokens"] > 0
    assert min(max(each.in_flight) for each in (together, smaller)) > 1


def test_a_full_budget_is_no_plugin(
    vllm_environment: Path,
    folder: Path,
    prompts: list[list[int]],
    compressed: list[tuple[KvOptions, Answered]],
) -> None:
    (plain,) = run_engine(
        Engine(folder, **READ_IN_PIECES),
        [Round(prompts, ANSWER, ignores_eos=True)],
        environment=vllm_environment,
    )
    kv, full = compressed[-1]
    assert kv.budget == 1
    assert full.token_ids == plain.token_ids
    assert full.used_blocks == plain.used_blocks
    assert full.in_flight == plain.in_flight
