"""Ingestion beside LlamaIndex and Haystack: the same files, from disk to disk, everyone's defaults.

First with the encoder replaced by a table of vectors that are known: what is left is each pipeline's own
time. Then with MiniLM, for the peers by sentence-transformers at several batch sizes, of which the best
counts. Passages are of like size (200 tokens, 150 words), and not the same: text a second compares better.

The peers live in an environment of their own: `make setup-peers`.
"""

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._machine import machine
from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.core.settings import Settings
from rag.core.types import Vector
from rag.encoders.minilm import Minilm

REPOSITORY = Path(__file__).parents[1]
PEERS = REPOSITORY / ".venv-peers" / "bin" / "python"
LIBRARIES = ("llamaindex", "haystack")
BATCH_SIZES = (8, 32)
_Way = Callable[[], tuple[float, int]]  # seconds and passages


class CachedEncoder(Minilm):
    """MiniLM's tokens, for the chunker, with vectors that take no time."""

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give unit vectors of no meaning."""
        return np.full((len(texts), self.dim), self.dim**-0.5, dtype=np.float32)


def run(*, quick: bool) -> dict[str, Any]:
    """Measure in turns, so that a slow minute of the machine hits all rows alike."""
    if not PEERS.exists():
        raise InvalidInputError(f"there is no {PEERS}; `make setup-peers` makes the peers' environment")
    files = sorted((REPOSITORY / "examples" / "peps").iterdir())
    some = files[:: 12 if quick else 6]
    files = files[:: 4 if quick else 1]
    turns = 1 if quick else 3
    known: dict[str, _Way] = {"grove": partial(_grove, files, CachedEncoder())}
    known |= {name: partial(_peer, name, "cache", files) for name in LIBRARIES}
    encoding: dict[str, _Way] = {"grove": partial(_grove, some, Minilm())}
    encoding |= {
        f"{name}, batches of {size}": partial(_peer, name, str(size), some)
        for name in LIBRARIES
        for size in BATCH_SIZES
    }
    return {
        "machine": machine(),
        "settings": {"files": len(files), "files_with_minilm": len(some), "turns": turns},
        "rows": [
            *_measure(known, files, encoder="known vectors", turns=turns),
            *_measure(encoding, some, encoder="minilm", turns=turns),
        ],
    }


def _measure(
    ways: dict[str, _Way], files: Sequence[Path], *, encoder: str, turns: int
) -> list[dict[str, object]]:
    size = sum(path.stat().st_size for path in files) / 1000
    seconds: dict[str, list[float]] = {}
    passages: dict[str, int] = {}
    for _ in range(turns):
        for name, way in ways.items():
            taken, passages[name] = way()
            seconds.setdefault(name, []).append(taken)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return [
        {
            "pipeline": name,
            "encoder": encoder,
            "passages": passages[name],
            "ms_per_passage": round(1000 * median / passages[name], 2),
            "kb_per_second": round(size / median, 1),
            "grove_is_faster_by": round(median / medians["grove"], 2),
        }
        for name, median in medians.items()
    ]


def _grove(files: Sequence[Path], encoder: Minilm) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home)))
        grove.encoder = encoder
        encoder.encode(["warm"])
        encoder.token_starts("warm")
        started = time.perf_counter()
        run_job(grove, submit_paths(grove, files, collection="default"))
        seconds = time.perf_counter() - started
        return seconds, grove.catalog.collections()[0].chunks


def _peer(name: str, encoder: str, files: Sequence[Path]) -> tuple[float, int]:
    command: list[str | Path] = [PEERS, REPOSITORY / "benchmarks" / "_peer.py", name, encoder, *files]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return found["seconds"], found["passages"]
