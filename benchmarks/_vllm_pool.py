"""What smaller caches are worth in vLLM: blocks in use, requests in flight in a fixed pool, and answers.

Blocks and requests are read from the engine after every step. The pool holds the blocks of four prompts of
800 tokens; every answer has 200. Two engines, one without the plugin and one with it, on the same prompts.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    """Measure 24 requests; `quick` 8."""
    from transformers import AutoTokenizer  # noqa: PLC0415  # only when it is run

    models_dir = Settings().models_dir
    assert models_dir is not None
    folder = ensure_model(models_dir)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = _texts(tokenizer, 8 if quick else 24)
    prompts = [[*each.context, *each.question, *each.opening] for each in texts]
    few = {"prompts": prompts[:2], "max_tokens": 24, "ignore_eos": True}
    many = {"prompts": prompts, "max_tokens": _ANSWER, "ignore_eos": True}
    plain_few, plain = _run(folder, None, [few, many])
    whole, half, *smaller = _run(
        folder,
        {"kv": _kv(1.0)},
        [few, few | {"kv": _kv(0.5)}, *(many | {"kv": _kv(budget)} for budget in _BUDGETS)],
    )
    none = _row(None, 1.0, plain, texts)
    rows = [none, *(_row(_POLICY, *each, texts) for each in zip(_BUDGETS, smaller, strict=True))]
    for row in rows:
        row["in_flight_ratio"] = round(row["in_flight"] / none["in_flight"], 2)
    return {
        "identity_at_full_budget": whole["tokens"] == plain_few["tokens"],
        "blocks_full": _while_writing(plain_few),
        "blocks_half": _while_writing(half),
        "concurrency": rows,
    }


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


def _row(
    policy: str | None, budget: float, found: dict[str, Any], texts: Sequence[Needle]
) -> dict[str, Any]:
    seconds = sum(found["seconds"])
    busy = sum(count * each for count, each in zip(found["in_flight"], found["seconds"], strict=True))
    right = [
        tokens[: len(each.answer)] == each.answer
        for tokens, each in zip(found["tokens"], texts, strict=True)
    ]
    return {
        "policy": policy or "none",
        "budget": budget,
        "in_flight": round(busy / seconds, 2),
        "in_flight_by_step": round(sum(found["in_flight"]) / len(found["in_flight"]), 2),
        "most_in_flight": max(found["in_flight"]),
        "steps": len(found["seconds"]),
        "seconds": round(seconds, 1),
        "tokens_per_second": round(sum(map(len, found["tokens"])) / seconds, 1),
        "preemptions": found["preemptions"],
        "accuracy": round(sum(right) / len(right), 3),
        "n": len(right),
    }


def _while_writing(found: dict[str, Any]) -> int:
    """Give the blocks in use in the middle of the answers, both requests being read."""
    used: int = found["used_blocks"][len(found["used_blocks"]) // 2]
    return used
