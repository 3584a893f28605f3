"""What a server of vLLM is told: its arguments and variables, from what was chosen.

Knows vLLM's command line and Grove's plugin; starts nothing.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from api.llm_environment import has_gpu
from rag.core.errors import InvalidInputError
from rag.generation.vllm_plugin.options import (
    PROMPT_LENGTHS,
    VARIABLE,
    KvOptions,
    PluginOptions,
    ProposerOptions,
)

__all__ = [
    "CPU_CACHE_BYTES",
    "Draft",
    "ServerOptions",
    "checked_draft",
    "checked_kv",
    "server_arguments",
    "server_variables",
    "speculation",
]

_CPU_ARGUMENTS = ("--dtype", "float32", "--enforce-eager", "--block-size", "32")
_CPU_REQUESTS = 8
CPU_CACHE_BYTES = 256 << 20
_PROPOSER = "rag.generation.vllm_plugin.proposer.Proposer"
_NGRAM = {"prompt_lookup_min": 2, "prompt_lookup_max": 4}
Draft = Literal["none", "ngram", "suffix", "recycling", "rasd"]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What is served, where, and how much memory it may take."""

    model_dir: Path  # safetensors, config.json and tokenizer.json
    host: str = "127.0.0.1"
    port: int = 8765
    model_name: str = "smollm2"  # as requests name it
    max_model_tokens: int = 4096  # prompt and answer
    cache_bytes: int | None = None  # keys and values; None: 256 MiB on a CPU, what is free on a GPU
    max_num_seqs: int | None = None  # requests in flight; None: 8 on a CPU, vLLM's own number on a GPU
    draft: Draft = "none"
    drafted_tokens: int = 8  # at most, of a request in a step
    kv: KvOptions | None = None  # which keys and values of a prompt are kept; None: all
    # A thread a physical core: with one more all spin against each other, on 2 processors ten times slower.
    threads: int = max(1, (os.cpu_count() or 1) // 2)  # unless OMP_NUM_THREADS is set
    start_seconds: float = 600.0  # until it answers; more is given up
    more_arguments: tuple[str, ...] = ()  # handed to `vllm serve` as they are

    def __post_init__(self) -> None:
        """Check the values that vLLM would refuse late or in other words."""
        if any(number is not None and number < 1 for number in self._numbers):
            raise InvalidInputError(
                "--drafted-tokens, --max-num-seqs, --cache-bytes and --start-seconds are 1 or more"
            )

    @property
    def _numbers(self) -> tuple[float | None, ...]:
        return self.drafted_tokens, self.max_num_seqs, self.cache_bytes, self.start_seconds

    @property
    def plugin(self) -> PluginOptions | None:
        """Give what Grove's plugin does, None where vLLM is left as it is."""
        if self.draft == "none" or self.draft == "ngram":  # noqa: PLR1714  # as mypy narrows it
            return PluginOptions(kv=self.kv) if self.kv else None
        return PluginOptions(ProposerOptions(kind=self.draft), self.kv)

    @property
    def has_prefix_cache(self) -> bool:
        """Tell whether prompts that begin alike are read once; some policies must read every token.

        Raises:
            InvalidInputError: a policy or a setting of it that vLLM cannot have, with the reason.
        """
        if self.kv is None:
            return True
        from rag.generation.vllm_plugin.scoring import reads_every_token  # noqa: PLC0415  # it loads torch

        return not reads_every_token(self.kv.policy, self.kv.settings)


def checked_draft(name: str | None) -> Draft:
    """Give the name as one of the ways to draft; without one, what is right for this machine.

    >>> checked_draft("suffix")
    'suffix'

    Raises:
        InvalidInputError: there is no such way.
    """
    if name is None:
        # Custom proposers were run on CPUs alone, and cost vLLM its asynchronous scheduling on a GPU.
        return "none" if has_gpu() else "rasd"
    for draft in get_args(Draft):
        if draft == name:
            found: Draft = draft
            return found
    raise InvalidInputError(f"--draft is one of {', '.join(get_args(Draft))}, got {name!r}")


def checked_kv(policy: str | None, budget: float | None, settings: str) -> KvOptions | None:
    """Give what is kept of a prompt, None where no policy is named.

    >>> checked_kv("snapkv", 0.5, '{"kernel": 15}').settings
    {'kernel': 15}

    Raises:
        InvalidInputError: settings that are no JSON object, or a budget or settings of no policy.
    """
    try:
        given = json.loads(settings)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise InvalidInputError(
            f"--kv-settings is a JSON object such as '{{\"kernel\": 15}}', got {settings!r}"
        )
    if policy is None:
        if given or budget is not None:
            raise InvalidInputError(
                "--kv-budget and --kv-settings are those of a policy: name it with --kv-policy"
            )
        return None
    return KvOptions(policy, settings=given) if budget is None else KvOptions(policy, budget, given)


def server_arguments(options: ServerOptions, *, is_gpu: bool) -> list[str]:
    """Give the arguments of the `vllm` command."""
    arguments = [
        *("serve", str(options.model_dir)),
        *("--served-model-name", options.model_name),
        *("--host", options.host),
        *("--port", str(options.port)),
        *("--max-model-len", str(options.max_model_tokens)),
        "--enable-prefix-caching" if options.has_prefix_cache else "--no-enable-prefix-caching",
    ]
    num_seqs = options.max_num_seqs if is_gpu else options.max_num_seqs or _CPU_REQUESTS
    cache_bytes = options.cache_bytes if is_gpu else options.cache_bytes or CPU_CACHE_BYTES
    arguments += () if is_gpu else _CPU_ARGUMENTS
    arguments += ["--max-num-seqs", str(num_seqs)] if num_seqs else []
    arguments += ["--kv-cache-memory-bytes", str(cache_bytes)] if cache_bytes else []
    if (drafts := speculation(options)) is not None:
        arguments += ["--speculative-config", json.dumps(drafts)]
    if options.kv is not None:
        arguments += ["--hf-overrides", json.dumps(PROMPT_LENGTHS)]
        arguments += ["--attention-backend", "CUSTOM"] if is_gpu else []
    return [*arguments, *options.more_arguments]


def speculation(options: ServerOptions) -> dict[str, object] | None:
    """Give what vLLM is told of drafts, None where there are none."""
    if options.draft == "none":
        return None
    if options.draft == "ngram":
        return {"method": "ngram", "num_speculative_tokens": options.drafted_tokens, **_NGRAM}
    return {
        "method": "custom_class",
        "model": _PROPOSER,
        "num_speculative_tokens": options.drafted_tokens,
    }


def server_variables(options: ServerOptions) -> Mapping[str, str]:
    """Give the environment of the `vllm` command."""
    return {
        # By itself vLLM for CPUs sets the number of threads, and binds one to each physical core but one.
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": str(options.threads),
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        **({"VLLM_USE_V2_MODEL_RUNNER": "0"} if options.kv else {}),  # compression knows the older one
        # Empty: off, whatever this process has.
        VARIABLE: options.plugin.as_json() if options.plugin else "",
    }
