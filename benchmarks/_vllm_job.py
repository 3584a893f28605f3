"""One engine of vLLM in a process of its own: `-m benchmarks._vllm_job JOB RESULT`, in vLLM's environment.

Reads a job as JSON and writes what came as JSON; benchmarks/_vllm_jobs.py is the other side.
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
    started = time.perf_counter()
    llm = LLM(**job["engine"])
    started_seconds = time.perf_counter() - started
    if job["warm_up"]:  # what is compiled in the first call is nobody's cost
        llm.generate([TokensPrompt(prompt_token_ids=job["warm_up"])], _params(job, 16), use_tqdm=False)
    rounds = []
    for prompts, max_tokens in zip(job["rounds"], job["max_tokens"], strict=True):
        before = _counted(llm)
        cpu, wall = time.process_time(), time.perf_counter()
        given = [
            TokensPrompt(prompt_token_ids=each["token_ids"], cache_salt=each.get("cache_salt"))
            for each in prompts
        ]
        outputs = llm.generate(given, _params(job, max_tokens), use_tqdm=False)
        seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
        after = _counted(llm)
        rounds.append(
            {
                "token_ids": [list(each.outputs[0].token_ids) for each in outputs],
                "seconds": seconds,
                "cpu_seconds": cpu_seconds,
                "counters": {name: after[name] - before[name] for name in after},
            }
        )
    Path(result_file).write_text(json.dumps({"started_seconds": started_seconds, "rounds": rounds}))


def _params(job: dict[str, Any], max_tokens: int) -> SamplingParams:
    return SamplingParams(temperature=0.0, ignore_eos=job["ignores_eos"], max_tokens=max_tokens)


def _counted(llm: LLM) -> dict[str, float]:
    values = {each.name: each.value for each in llm.get_metrics() if each.name in _COUNTERS}
    return {name: values.get(name, 0) for name in _COUNTERS}


if __name__ == "__main__":
    main(*sys.argv[1:])
