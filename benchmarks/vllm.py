"""What Grove's plugin is worth in real vLLM, beside plain vLLM in the same run; a parameter a part.

Instead of rows there are keys (CONTRACT: `rag bench vllm`). Each part starts engines of its own, one after
another, in fp32 on one thread, with SmolLM2; a key is named after what it says.
"""

from collections.abc import Callable
from typing import Any

from benchmarks._machine import machine
from benchmarks._vllm_drafts import measured_drafts
from benchmarks._vllm_pool import measured_pool

__all__ = ["run"]

_PARTS: tuple[Callable[[bool], dict[str, Any]], ...] = (measured_drafts, measured_pool)


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 24 prompts of drafts, 84 of repeated workloads, 24 requests; `quick` 4, 18 and 24."""
    figures: dict[str, Any] = {}
    for part in _PARTS:
        figures |= part(quick)
    return {"machine": machine(), "settings": {"model": "smollm2", "quick": quick}, **figures}
