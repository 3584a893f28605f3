"""What smaller caches are worth in vLLM: blocks in use, requests in flight in a fixed pool, and answers.

Blocks and requests are read from the engine after every step. The pool holds the blocks of four prompts of
800 tokens; every answer has 200. Each time two engines, one without the plugin and one with it, on the same
prompts: SmolLM2's for blocks, texts and answers, a small model's for requests in flight.
"""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._kv_texts import Needle, needles
from benchmarks._vllm_jobs import Answered, Engine, Round, run_engine
from rag.compose import Grove
from rag.core.settings import Settings
from rag.generation.vllm_plugin.options import KvOptions, PluginOptions

__all__ = ["measured_pool"]

_SIZE, _PROMPT, _ANSWER = 32, 800, 200
_POLICY = "snapkv"
_SETTINGS = {"kernel": 15}  # of neighbours that share a score: a number has several tokens
_POOL = 4 * -(-_PROMPT // _SIZE)
_BUDGETS = (0.5, 0.25)


def measured_pool(quick: bool) -> dict[str, Any]:
    """Measure 24 requests in flight, and 24 answers; `quick` 2 answers."""
    with ThreadPoolExecutor() as pool:  # which requests run does not depend on the time that they take
        crowded = pool.submit(_crowded, 24)
        figures, accuracies = _answered(2 if quick else 24)
        rows = crowded.result()
    concurrency = [row | each for row, each in zip(rows, accuracies, strict=True)]
    return figures | {"concurrency": concurrency}


def _answered(count: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give what SmolLM2 writes of so many texts, in how many blocks, and how much of it is right."""
    from transformers import AutoTokenizer  # noqa: PLC0415  # only when it is run

    folder = Grove(Settings()).local_model()
    texts = _texts(AutoTokenizer.from_pretrained(folder), count)
    prompts = [[*each.context, *each.question, *each.opening] for each in texts]
    few = Round(prompts[:2], 24, ignores_eos=True)
    asked = Round(prompts, 8, ignores_eos=True)
    plain_few, plain = run_engine(_engine(folder), [few, asked])
    whole, half, *smaller = run_engine(
        _engine(folder, 1.0),
        [few, replace(few, kv=_kv(0.5)), *(replace(asked, kv=_kv(budget)) for budget in _BUDGETS)],
    )
    figures = {
        "identity_at_full_budget": whole.token_ids == plain_few.token_ids,
        "blocks_full": _while_writing(plain_few),
        "blocks_half": _while_writing(half),
    }
    return figures, [_accuracy(each, texts) for each in (plain, *smaller)]


def _accuracy(found: Answered, texts: Sequence[Needle]) -> dict[str, Any]:
    right = [
        tokens[: len(each.answer)] == each.answer
        for tokens, each in zip(found.token_ids, texts, strict=True)
    ]
    return {"accuracy": round(sum(right) / len(right), 3), "answers": len(right)}


def _crowded(count: int) -> list[dict[str, Any]]:
    """Give so many requests at once to a small model of random weights.

    Which requests run depends on blocks alone, and a small model takes a hundredth of the time.
    """
    from transformers import LlamaConfig, LlamaForCausalLM  # noqa: PLC0415

    random = np.random.default_rng(0)
    prompts = random.integers(2, 1000, (count, _PROMPT)).tolist()
    crowd = Round(prompts, _ANSWER, ignores_eos=True)
    config = LlamaConfig(
        vocab_size=1024,
        hidden_size=96,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=3,
        num_key_value_heads=3,
        max_position_embeddings=2048,
    )
    with tempfile.TemporaryDirectory() as small:
        LlamaForCausalLM(config).save_pretrained(small)
        (plain,) = run_engine(_engine(Path(small)), [crowd])
        smaller = run_engine(
            _engine(Path(small), 0.5), [replace(crowd, kv=_kv(budget)) for budget in _BUDGETS]
        )
    rows = [_row("none", 1.0, plain)]
    rows += [_row(_POLICY, *each) for each in zip(_BUDGETS, smaller, strict=True)]
    return [row | {"ratio": round(row["in_flight"] / rows[0]["in_flight"], 2)} for row in rows]


def _kv(budget: float) -> KvOptions:
    return KvOptions(_POLICY, budget, _SETTINGS)


def _texts(tokenizer: Any, count: int) -> list[Needle]:
    """Give prompts of 800 tokens each, with what is asked at the end."""
    rough = needles(tokenizer, count, tokens=_PROMPT - 100)
    longest = max(len(each.context) + len(each.question) + len(each.opening) for each in rough)
    return needles(tokenizer, count, tokens=_PROMPT - 100 + _PROMPT - longest)


def _engine(folder: Path, budget: float | None = None) -> Engine:
    return Engine(
        folder,
        plugin=PluginOptions(kv=_kv(budget)) if budget else None,
        max_num_seqs=32,
        max_model_tokens=1024,
        cache_bytes=192 << 20,
        more={
            "num_gpu_blocks_override": _POOL + 1,  # one of them is none
            "enable_prefix_caching": False,  # every text is another
            "skip_tokenizer_init": True,
        },
    )


def _row(policy: str, budget: float, found: Answered) -> dict[str, Any]:
    busy = sum(count * each for count, each in zip(found.in_flight, found.step_seconds, strict=True))
    return {
        "policy": policy,
        "budget": budget,
        "in_flight": round(busy / found.seconds, 2),
        "in_flight_by_step": round(sum(found.in_flight) / len(found.in_flight), 2),
        "most_in_flight": max(found.in_flight),
        "steps": len(found.step_seconds),
        "preemptions": found.preemptions,
        "requests": len(found.token_ids),
    }


def _while_writing(found: Answered) -> int:
    """Give the blocks in use in the middle of the answers, both requests being read."""
    return found.used_blocks[len(found.used_blocks) // 2]
