"""Run jobs on real vLLM, one engine a process: prompts of tokens in, tokens, times and its counters out."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from api.llm_environment import default_environment
from rag.generation.vllm_plugin.options import PROMPT_LENGTHS, VARIABLE, KvOptions, PluginOptions

__all__ = ["Answered", "Engine", "Round", "run_engine"]

_REPOSITORY = Path(__file__).parents[1]
_QUIET = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_LOGGING_LEVEL": "WARNING",
}


@dataclass(frozen=True, slots=True)
class Engine:
    """How vLLM runs: everything else as `rag llm serve` has it on a CPU, in fp32."""

    model_dir: Path
    speculation: Mapping[str, Any] | None = None  # Any: JSON, as --speculative-config takes it
    plugin: PluginOptions | None = None
    max_num_seqs: int = 1
    max_model_tokens: int = 2048
    cache_bytes: int = 256 << 20
    more: Mapping[str, Any] | None = None  # Any: further arguments of vLLM's LLM


@dataclass(frozen=True, slots=True)
class Round:
    """Prompts that are given together, of token ids."""

    prompts: Sequence[Sequence[int]]
    max_tokens: int
    ignores_eos: bool = False  # writes on where the model would end
    cache_salt: str | None = None  # who shares caches with whom
    kv: KvOptions | None = None  # compress so from here on, where the plugin compresses


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a round."""

    token_ids: list[list[int]]
    cached_tokens: list[int]  # of each prompt, found in the prefix cache
    step_seconds: list[float]
    cpu_seconds: float
    used_blocks: list[int]  # after each step
    in_flight: list[int]  # requests that a step ran
    preemptions: int
    counters: Mapping[str, float]  # of vLLM's own, for this round alone

    @property
    def seconds(self) -> float:
        """Give how long it took."""
        return sum(self.step_seconds)

    @property
    def tokens_per_step(self) -> float:
        """Give how many tokens a request gets in a step: its own one and those of its draft."""
        written = sum(map(len, self.token_ids))
        return written / (written - self.counters["vllm:spec_decode_num_accepted_tokens"])


def run_engine(
    engine: Engine,
    rounds: Sequence[Round],
    *,
    warm_up: Sequence[int] = (),
    environment: Path | None = None,
) -> list[Answered]:
    """Give what an engine writes, greedily, a round after another.

    Args:
        engine: what runs.
        rounds: what it is given.
        warm_up: is read before any round.
        environment: of vLLM, the default one otherwise.

    Raises:
        RuntimeError: it failed; the message holds the end of what it said.
    """
    python = (environment or default_environment()) / "bin" / "python"
    job = {
        "engine": _arguments(engine),
        "rounds": [_as_json(each) for each in rounds],
        "warm_up": list(warm_up),
    }
    variables = {**os.environ, **_QUIET, "PYTHONPATH": str(_REPOSITORY)}
    variables.pop(VARIABLE, None)
    if engine.plugin is not None:
        variables[VARIABLE] = engine.plugin.as_json()
    with tempfile.TemporaryDirectory() as folder:
        job_file, result_file = Path(folder) / "job.json", Path(folder) / "result.json"
        job_file.write_text(json.dumps(job))
        # As a module: in this folder is a vllm.py, which is not vLLM.
        command = [str(python), "-m", "benchmarks._vllm_job", str(job_file), str(result_file)]
        finished = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if finished.returncode:
            raise RuntimeError(f"vLLM ended with {finished.returncode}:\n{finished.stderr[-6000:]}")
        return [Answered(**each) for each in json.loads(result_file.read_text())]


def _as_json(given: Round) -> dict[str, Any]:
    prompts = [{"prompt_token_ids": list(each), "cache_salt": given.cache_salt} for each in given.prompts]
    return asdict(given) | {"prompts": prompts}


def _arguments(engine: Engine) -> dict[str, Any]:
    is_compressing = engine.plugin is not None and engine.plugin.kv is not None
    return {
        "model": str(engine.model_dir),
        "dtype": "float32",
        "enforce_eager": True,
        "block_size": 32,
        "seed": 0,
        "max_num_seqs": engine.max_num_seqs,
        "max_model_len": engine.max_model_tokens,
        "kv_cache_memory_bytes": engine.cache_bytes,
        "enable_prefix_caching": True,
        "disable_log_stats": False,
        **({"speculative_config": dict(engine.speculation)} if engine.speculation else {}),
        **({"hf_overrides": PROMPT_LENGTHS} if is_compressing else {}),
        **(engine.more or {}),
    }
