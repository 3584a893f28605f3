"""What smaller caches are worth in vLLM: blocks in use, requests in flight in a fixed pool, and answers.

Blocks and requests are read from the engine after every step. The pool holds the blocks of four prompts of
800 tokens; every answer has 200. Each time two engines, one without the plugin and one with it, on the same
prompts: SmolLM2's for blocks, texts and answers, a small model's for requests in flight.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from api.llm_environment import default_environment
from benchmarks._kv_texts import Needle, needles
from rag.core.settings import Settings
from rag.generation.backends._smollm2 import ensure_model

__all__ = ["measured_pool"]

_SIZE, _PROMPT, _ANSWER = 32, 800, 200
_POLICY = "snapkv"
_SETTINGS = {"kernel": 15}  # of neighbours that share a score: a number has several tokens
_POOL = 4 * -(-_PROMPT // _SIZE)
_BUDGETS = (0.5, 0.25)


def measured_pool(quick: bool) -> dict[str, Any]:
    """Measure 24 requests in flight, and 24 answers; `quick` no requests, and 4 answers."""
    from transformers import AutoTokenizer  # noqa: PLC0415  # only when it is run

    models_dir = Settings().models_dir
    assert models_dir is not None
    folder = ensure_model(models_dir)
    texts = _texts(AutoTokenizer.from_pretrained(folder), 4 if quick else 24)
    prompts = [[*each.context, *each.question, *each.opening] for each in texts]
    few = {"prompts": prompts[:2], "max_tokens": 24, "ignore_eos": True}
    asked = {"prompts": prompts, "max_tokens": 8, "ignore_eos": True}
    plain_few, plain = _run(folder, None, [few, asked])
    asked_of_all = [asked | {"kv": _kv(budget)} for budget in _BUDGETS]
    whole, half, *smaller = _run(folder, {"kv": _kv(1.0)}, [few, few | {"kv": _kv(0.5)}, *asked_of_all])
    rows = [{"policy": "none", "budget": 1.0}, *({"policy": _POLICY, "budget": each} for each in _BUDGETS)]
    if not quick:
        rows = _crowded(24)
    for row, found in zip(rows, [plain, *smaller], strict=True):
        right = [
            tokens[: len(each.answer)] == each.answer
            for tokens, each in zip(found["tokens"], texts, strict=True)
        ]
        row |= {"accuracy": round(sum(right) / len(right), 3), "answers": len(right)}
    return {
        "identity_at_full_budget": whole["tokens"] == plain_few["tokens"],
        "blocks_full": _while_writing(plain_few),
        "blocks_half": _while_writing(half),
        "concurrency": rows,
    }


def _crowded(count: int) -> list[dict[str, Any]]:
    """Give so many requests at once to a small model of random weights.

    Which requests run depends on blocks alone, and a small model takes a hundredth of the time.
    """
    from transformers import LlamaConfig, LlamaForCausalLM  # noqa: PLC0415

    random = np.random.default_rng(0)
    prompts = random.integers(2, 1000, (count, _PROMPT)).tolist()
    crowd = {"prompts": prompts, "max_tokens": _ANSWER, "ignore_eos": True}
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
        (plain,) = _run(Path(small), None, [crowd])
        smaller = _run(Path(small), {"kv": _kv(0.5)}, [crowd | {"kv": _kv(budget)} for budget in _BUDGETS])
    rows = [_row("none", 1.0, plain)]
    rows += [_row(_POLICY, *each) for each in zip(_BUDGETS, smaller, strict=True)]
    return [row | {"ratio": round(row["in_flight"] / rows[0]["in_flight"], 2)} for row in rows]


def _kv(budget: float) -> dict[str, Any]:
    return {"policy": _POLICY, "budget": budget, "settings": _SETTINGS}


def _texts(tokenizer: Any, count: int) -> list[Needle]:
    """Give prompts of 800 tokens each, with what is asked at the end."""
    rough = needles(tokenizer, count, tokens=_PROMPT - 100)
    longest = max(len(each.context) + len(each.question) + len(each.opening) for each in rough)
    return needles(tokenizer, count, tokens=_PROMPT - 100 + _PROMPT - longest)


def _run(
    folder: Path, plugin: dict[str, Any] | None, runs: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    engine = {
        "model": str(folder),
        "kv_cache_memory_bytes": 192 << 20,
        "num_gpu_blocks_override": _POOL + 1,  # one of them is none
        "max_model_len": 1024,
        "max_num_seqs": 32,
        "enable_prefix_caching": False,  # every text is another
        "skip_tokenizer_init": True,
    }
    finished = subprocess.run(
        [str(default_environment() / "bin" / "python"), "-m", "benchmarks._vllm_engine"],
        input=json.dumps({"plugin": plugin, "engine": engine, "runs": runs}),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    if finished.returncode:
        raise RuntimeError(f"the engine failed: {finished.stderr[-4000:]}")
    answered: list[dict[str, Any]] = json.loads(finished.stdout.splitlines()[-1])
    return answered


def _row(policy: str, budget: float, found: dict[str, Any]) -> dict[str, Any]:
    seconds = sum(found["seconds"])
    busy = sum(count * each for count, each in zip(found["in_flight"], found["seconds"], strict=True))
    return {
        "policy": policy,
        "budget": budget,
        "in_flight": round(busy / seconds, 2),
        "in_flight_by_step": round(sum(found["in_flight"]) / len(found["in_flight"]), 2),
        "most_in_flight": max(found["in_flight"]),
        "steps": len(found["seconds"]),
        "preemptions": found["preemptions"],
        "requests": len(found["tokens"]),
    }


def _while_writing(found: dict[str, Any]) -> int:
    """Give the blocks in use in the middle of the answers, both requests being read."""
    used: int = found["used_blocks"][len(found["used_blocks"]) // 2]
    return used
