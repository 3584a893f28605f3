"""One engine of vLLM in this process, for tests and benchmarks: a job comes in, JSON goes out.

Runs in vLLM's environment. The block pool and the queues are read after every step, so that what is in use
is counted and not computed.

`.venv-vllm/bin/python -m benchmarks._vllm_engine < job.json`, a job being
`{"plugin": {...} or null, "engine": {...}, "runs": [{"prompts": [[1, 2]], "max_tokens": 8, ...}]}`: what
GROVE_VLLM says, arguments of `vllm.LLM`, and what is written; see `Run`.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field
from typing import Any

_ENGINE = {
    "dtype": "float32",
    "enforce_eager": True,
    "block_size": 32,
    "max_model_len": 2048,
    "seed": 0,
    "hf_overrides": {"rswa_window": 1 << 20},
}


@dataclass(frozen=True)
class Run:
    """What is asked of an engine."""

    prompts: Sequence[Sequence[int]]
    max_tokens: int
    is_in_turn: bool = False  # each prompt once the one before is answered
    ignore_eos: bool = False
    kv: dict[str, Any] | None = None  # another policy from here on


@dataclass
class Answered:
    """What came of it."""

    tokens: list[list[int]]
    cached_tokens: list[int]  # of each prompt, found in the prefix cache
    used_blocks: list[int] = field(default_factory=list)  # after each step
    in_flight: list[int] = field(default_factory=list)  # requests that a step ran
    seconds: list[float] = field(default_factory=list)  # of each step
    drafted_steps: int = 0  # that gave a request more than one token
    preemptions: int = 0


def main() -> None:
    job = json.load(sys.stdin)
    os.environ |= {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    if job["plugin"] is not None:
        os.environ["GROVE_VLLM"] = json.dumps(job["plugin"])
    with redirect_stdout(sys.stderr):
        answered = [asdict(each) for each in _answer(job)]
    print(json.dumps(answered))


def _answer(job: dict[str, Any]) -> list[Answered]:
    from vllm import LLM  # noqa: PLC0415  # reads the variables above when it is imported

    llm = LLM(**_ENGINE | job["engine"])
    answered = []
    for each in job["runs"]:
        run = Run(**each)
        if run.kv is not None:
            _use(llm, run.kv)
        batches = [[prompt] for prompt in run.prompts] if run.is_in_turn else [run.prompts]
        found = Answered([], [])
        for batch in batches:
            _run(llm, batch, run, found)
        answered.append(found)
    return answered


def _run(llm: Any, prompts: Sequence[Sequence[int]], run: Run, found: Answered) -> None:
    from vllm import SamplingParams  # noqa: PLC0415

    settings = SamplingParams(
        temperature=0, max_tokens=run.max_tokens, ignore_eos=run.ignore_eos, detokenize=False
    )
    scheduler = llm.llm_engine.engine_core.engine_core.scheduler
    pool = scheduler.kv_cache_manager.block_pool
    first = len(found.tokens)
    for number, prompt in enumerate(prompts):
        llm.llm_engine.add_request(str(first + number), {"prompt_token_ids": list(prompt)}, settings)
        found.tokens.append([])
        found.cached_tokens.append(0)
    before = dict.fromkeys(range(first, len(found.tokens)), 0)
    while llm.llm_engine.has_unfinished_requests():
        started = time.perf_counter()
        outputs = llm.llm_engine.step()
        found.seconds.append(time.perf_counter() - started)
        for output in outputs:
            number = int(output.request_id)
            found.tokens[number] = list(output.outputs[0].token_ids)
            found.cached_tokens[number] = output.num_cached_tokens or 0
            found.drafted_steps += len(found.tokens[number]) > before[number] + 1
            before[number] = len(found.tokens[number])
        found.used_blocks.append(pool.num_gpu_blocks - 1 - pool.get_num_free_blocks())
        found.in_flight.append(len(scheduler.running))
        found.preemptions = max(
            found.preemptions, sum(each.num_preemptions for each in scheduler.requests.values())
        )


def _use(llm: Any, kv: dict[str, Any]) -> None:
    """Let an engine, with nothing in flight, compress in another way."""
    from rag.generation.vllm_plugin.engine.manager import CompressingManager  # noqa: PLC0415
    from rag.generation.vllm_plugin.options import KvOptions  # noqa: PLC0415

    options = KvOptions(**kv)
    CompressingManager.options = options
    core = llm.llm_engine.engine_core.engine_core
    runner = core.model_executor.driver_worker.worker.model_runner
    for groups in runner.attn_groups:
        for group in groups:
            group.get_metadata_builder(0).use(options)


if __name__ == "__main__":
    main()
