"""Does the GPU give what the CPU gives, and how much faster? Prints one JSON object.

Exit codes: 0 equal, 1 not equal, 2 no CUDA device. On a machine with several, the first is used.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from benchmarks import _gpu_decoding
from benchmarks._gpu_packing import packing
from rag.core.errors import UnavailableError
from rag.encoders.minilm import Minilm

try:
    import faiss
except ModuleNotFoundError:  # a machine that only encodes and trains needs none
    faiss = None

TEXTS = [
    f"Sample {number} lost {number % 17} grams in the {('oven', 'press', 'cold bath')[number % 3]}. "
    * (1 + number % 9)
    for number in range(512)
]
# Sums in another order differ in the last bits; a wrong mask or kernel differs in the second digit.
MIN_COSINE = 0.9999
LONG_TOKENS, NEW_TOKENS = 4096, 64
NUM_VECTORS, NUM_QUERIES, DIM, K = 200_000, 100, 384, 10


def seconds(work: Callable[[], Any]) -> tuple[Any, float]:
    """Run twice, the first time to warm up; give the result and the second run's time."""
    work()
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def check_encoder() -> Mapping[str, object]:
    on_cpu, on_gpu = Minilm(), Minilm(device="cuda", batch_size=128)
    expected, cpu_seconds = seconds(lambda: on_cpu.encode(TEXTS[:64]))
    got, gpu_seconds = seconds(lambda: on_gpu.encode(TEXTS))
    cosine = float((expected * got[:64]).sum(axis=1).min())
    return {
        "check": "encoder",
        "equal": cosine >= MIN_COSINE,
        "min_cosine": cosine,
        "cpu_texts_per_second": round(64 / cpu_seconds, 1),
        "gpu_texts_per_second": round(len(TEXTS) / gpu_seconds, 1),
    }


def check_flat_search() -> Mapping[str, object]:
    if not hasattr(faiss, "StandardGpuResources"):
        return {
            "check": "flat_search",
            "skipped": "faiss-gpu is not installed: docs/dependencies.md, extra gpu",
        }
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((NUM_VECTORS, DIM), dtype=np.float32)
    queries = generator.standard_normal((NUM_QUERIES, DIM), dtype=np.float32)
    on_cpu = faiss.IndexFlatIP(DIM)
    on_cpu.add(vectors)
    on_gpu = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, on_cpu)
    (_, expected), cpu_seconds = seconds(lambda: on_cpu.search(queries, K))
    (_, got), gpu_seconds = seconds(lambda: on_gpu.search(queries, K))
    agreement = float((expected == got).mean())
    return {
        "check": "flat_search",
        "equal": agreement >= 0.999,  # two rows may tie within rounding
        "same_places": agreement,
        "cpu_ms_per_query": round(cpu_seconds * 1000 / NUM_QUERIES, 3),
        "gpu_ms_per_query": round(gpu_seconds * 1000 / NUM_QUERIES, 3),
    }


def check_decoding() -> list[Mapping[str, object]]:
    """Give rows in both types; in half precision answers may part where two tokens tie."""
    size = {"tokens": LONG_TOKENS, "new": NEW_TOKENS}
    return [
        row
        for dtype in (torch.float32, torch.bfloat16)
        for check in (_gpu_decoding.compression, _gpu_decoding.speculation)
        for row in check(_gpu_decoding.SMOLLM2, "cuda", dtype, **size)
    ]


def run(*, quick: bool) -> dict[str, Any]:
    """Compare and measure; it is quick enough either way.

    Raises:
        UnavailableError: this machine has no CUDA device that torch can use.
    """
    if not torch.cuda.is_available():
        raise UnavailableError(f"no CUDA device: torch {torch.__version__} sees none; nothing was checked")
    name = torch.cuda.get_device_name(0)
    return {
        "machine": f"{name}; {platform.machine()}, {os.cpu_count()} cores",
        "settings": {"torch": torch.__version__, "texts": len(TEXTS), "vectors": NUM_VECTORS, "k": K},
        "rows": [check_encoder(), check_flat_search(), *check_decoding(), *packing("cuda")],
    }


def main() -> int:
    try:
        result = run(quick=True)
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(result, indent=2))
    return 0 if all(row.get("equal", True) for row in result["rows"]) else 1


if __name__ == "__main__":
    sys.exit(main())
