"""Real vLLM, one engine a process: greedy texts with drafts are those without."""

import re
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from benchmarks._vllm_jobs import Answered, Engine, Round, run_engine
from rag.compose import Grove
from rag.core.settings import Settings
from rag.generation.vllm_plugin.options import PluginOptions, ProposerOptions

pytestmark = pytest.mark.vllm

PASSAGE = (
    "The vault under the town hall was built in 1931 by the engineer Ada Marsh. Its door weighs eight tons."
    " The code of the vault is 7294, and it is changed on the first Monday of each year by the mayor alone."
)
KEPT = ("deeds", "letters", "crowns of tin", "books of accounts", "keys", "maps of the mill stream")
SHELVES = " ".join(f"Shelf {n} holds {n * 37 % 89} {KEPT[n % 6]}." for n in range(1, 41))
QUESTIONS = ("What is the code of the vault and when is it changed?", "Who built the vault, and when?")
SPECULATION = {
    "method": "custom_class",
    "model": "rag.generation.vllm_plugin.proposer.Proposer",
    "num_speculative_tokens": 6,
}


def asked() -> list[list[int]]:
    tokenizer = AutoTokenizer.from_pretrained(Grove(Settings()).local_model(), local_files_only=True)
    texts = [
        f"<|im_start|>user\n{SHELVES}\n{PASSAGE}\n{PASSAGE[:90]}\n{each}<|im_end|>\n<|im_start|>assistant\n"
        for each in QUESTIONS
    ]
    return [tokenizer.encode(text) for text in texts]


def written(environment: Path, plugin: PluginOptions | None) -> list[Answered]:
    """Ask both at once, then the first again: rows move as the shorter answer ends."""
    both = asked()
    engine = Engine(
        Grove(Settings()).local_model(),
        SPECULATION if plugin else None,
        plugin,
        max_num_seqs=2,
        max_model_tokens=1024,
        cache_bytes=64 << 20,
    )
    return run_engine(engine, [Round(both, 32), Round(both[:1], 32)], environment=environment)


def test_greedy_texts_with_drafts_are_those_without(vllm_environment: Path) -> None:
    plain = written(vllm_environment, None)
    drafted = written(vllm_environment, PluginOptions(ProposerOptions("rasd")))
    assert [each.token_ids for each in drafted] == [each.token_ids for each in plain]
    assert all(each.counters["vllm:spec_decode_num_accepted_tokens"] > 0 for each in drafted)
    # Asked again, the answer is known from before.
    assert drafted[1].tokens_per_step > max(2.0, drafted[0].tokens_per_step)


def test_the_runner_calls_a_custom_class_as_the_proposer_is_written(vllm_environment: Path) -> None:
    (runner,) = vllm_environment.glob("lib/python*/site-packages/vllm/v1/worker/gpu_model_runner.py")
    call = re.search(
        r'"custom_class":\n.*?self\.drafter\)\.propose\((.*?)\n            \)', runner.read_text(), re.S
    )
    assert call is not None
    assert [line.strip() for line in call[1].strip().split("\n")] == [
        "sampled_token_ids,",
        "self.input_batch.num_tokens_no_spec,",
        "self.input_batch.token_ids_cpu,",
        "slot_mappings=slot_mappings,",
    ]
