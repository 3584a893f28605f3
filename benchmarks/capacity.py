"""How many requests fit in flight, by arithmetic: bytes of keys and values against the memory that is left.

Nothing runs. One row is checked against a figure of vLLM's: at 1 GiB of fp32 cache it reports 23,296 tokens
for SmolLM2-135M, 728 blocks of 32, which is what this gives.
"""

from dataclasses import dataclass
from typing import Any

from benchmarks._machine import machine

__all__ = ["run"]

_GB = 1_000_000_000
_GPU_BYTES = 80 * _GB
_USED = 0.9  # vLLM's --gpu-memory-utilization
_WORK_BYTES = 3 * _GB  # of a GPU, for activations and graphs: an assumption
_PROMPT, _ANSWER = 4000, 500  # tokens: six passages with instructions, and what is written
_BUDGETS = (1.0, 0.5, 0.25)  # of the prompt's entries
_BLOCK = 32


@dataclass(frozen=True, slots=True)
class Model:
    """What decides of its cache."""

    name: str
    layers: int
    kv_heads: int
    head_size: int
    weight_bytes: int
    value_bytes: int = 2

    @property
    def token_bytes(self) -> int:
        """Give what a token's keys and values take.

        >>> Model("8B", 32, 8, 128, 16 * _GB).token_bytes
        131072
        """
        return 2 * self.layers * self.kv_heads * self.head_size * self.value_bytes


SMOLLM2 = Model("SmolLM2-135M", 30, 3, 64, 538_000_000, value_bytes=4)
MODELS = (
    (Model("Llama-3.1-8B", 32, 8, 128, 16 * _GB), ((1, 1), (8, 1), (64, 1))),
    (Model("Llama-3.1-70B", 80, 8, 128, 141 * _GB), ((8, 8), (64, 8))),
    (Model("Llama-3.1-405B", 126, 8, 128, 810 * _GB), ((64, 16),)),
)


def run(*, quick: bool) -> dict[str, Any]:
    """Give a row a model and number of GPUs; `quick` changes nothing."""
    rows = [_row(model, gpus, each) for model, sizes in MODELS for gpus, each in sizes]
    settings = {"prompt": _PROMPT, "answer": _ANSWER, "gpu_bytes": _GPU_BYTES, "used": _USED}
    smollm2 = (1 << 30) // (SMOLLM2.token_bytes * _BLOCK) * _BLOCK
    return {"machine": machine(), "settings": settings, "smollm2_tokens_of_1_gib": smollm2, "rows": rows}


def _row(model: Model, gpus: int, per_replica: int) -> dict[str, Any]:
    free = per_replica * (_USED * _GPU_BYTES - _WORK_BYTES) - model.weight_bytes
    tokens = int(free // model.token_bytes)
    replicas = gpus // per_replica
    return {
        "model": model.name,
        "gpus": gpus,
        "replicas": replicas,
        "gpus_per_replica": per_replica,
        "token_bytes": model.token_bytes,
        "cache_tokens": tokens * replicas,
        **{
            f"in_flight_at_{budget}": int(tokens / (_PROMPT * budget + _ANSWER)) * replicas
            for budget in _BUDGETS
        },
    }
