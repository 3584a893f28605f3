"""One engine of vLLM in a process of its own: `-m benchmarks._vllm_job JOB RESULT`, in vLLM's environment.

Reads a job as JSON and writes what came as JSON; benchmarks/_vllm_jobs.py is the other side. The block pool
and the queues are read after every step, so that what is in use is counted and not computed.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from vllm import LLM, SamplingParams, TokensPrompt

_COUNTERS = (
    "vllm:spec_decode_num_drafts",
    "vllm:spec_decode_num_draft_tokens",
    "vllm:spec_decode_num_accepted_tokens",
    "vllm:prefix_cache_queries",
    "vllm:prefix_cache_hits",
)


def main(job_file: str, result_file: str) -> None:
    job: dict[str, Any] = json.loads(Path(job_file).read_text())
    llm = LLM(**job["engine"])
    if job["warm_up"]:  # what is compiled in the first call is nobody's cost
        _answer(llm, {"prompts": [{"prompt_token_ids": job["warm_up"]}], "max_tokens": 16})
    Path(result_file).write_text(json.dumps([_answer(llm, each) for each in job["rounds"]]))


def _answer(llm: LLM, given: dict[str, Any]) -> dict[str, Any]:
    if given.get("kv") is not None:
        _compress(llm, given["kv"])
    params = SamplingParams(
        temperature=0.0,
        max_tokens=given["max_tokens"],
        ignore_eos=given.get("ignores_eos", False),
        detokenize=False,
    )
    before, cpu = _counted(llm), time.process_time()
    for number, prompt in enumerate(given["prompts"]):
        llm.llm_engine.add_request(str(number), TokensPrompt(**prompt), params)
    count = len(given["prompts"])
    token_ids: list[list[int]] = [[] for _ in range(count)]
    cached_tokens = [0] * count
    step_seconds, used_blocks, in_flight, preemptions = [], [], [], 0
    scheduler = llm.llm_engine.engine_core.engine_core.scheduler
    pool = scheduler.kv_cache_manager.block_pool
    while llm.llm_engine.has_unfinished_requests():
        started = time.perf_counter()
        outputs = llm.llm_engine.step()
        step_seconds.append(time.perf_counter() - started)
        for output in outputs:
            token_ids[int(output.request_id)] = list(output.outputs[0].token_ids)
            cached_tokens[int(output.request_id)] = output.num_cached_tokens or 0
        used_blocks.append(pool.num_gpu_blocks - 1 - pool.get_num_free_blocks())
        in_flight.append(len(scheduler.running))
        preemptions = max(preemptions, sum(each.num_preemptions for each in scheduler.requests.values()))
    cpu_seconds, after = time.process_time() - cpu, _counted(llm)
    return {
        "token_ids": token_ids,
        "cached_tokens": cached_tokens,
        "step_seconds": step_seconds,
        "cpu_seconds": cpu_seconds,
        "used_blocks": used_blocks,
        "in_flight": in_flight,
        "preemptions": preemptions,
        "counters": {name: after[name] - before[name] for name in after},
    }


def _compress(llm: Any, kv: dict[str, Any]) -> None:  # Any: an engine that the plugin has changed
    """Let an engine, with nothing in flight, compress in another way."""
    from rag.generation.vllm_plugin.engine.manager import CompressingManager  # noqa: PLC0415
    from rag.generation.vllm_plugin.options import KvOptions  # noqa: PLC0415

    options = KvOptions(**kv)
    CompressingManager.options = options
    runner = llm.llm_engine.engine_core.engine_core.model_executor.driver_worker.worker.model_runner
    for groups in runner.attn_groups:
        for group in groups:
            group.get_metadata_builder(0).use(options)


def _counted(llm: LLM) -> dict[str, float]:
    values = {each.name: each.value for each in llm.get_metrics() if each.name in _COUNTERS}
    return {name: values.get(name, 0) for name in _COUNTERS}


if __name__ == "__main__":
    main(*sys.argv[1:])
