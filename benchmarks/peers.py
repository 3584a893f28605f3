"""Ingestion beside LlamaIndex and Haystack: the same files, from disk to disk, everyone's defaults.

First with the encoder replaced by a table of vectors that are known: what is left is each pipeline's own
time. Then with MiniLM, for the peers by sentence-transformers at several batch sizes, of which the best
counts. Everyone takes one file in before the clock starts. Passages differ in size, and MiniLM cuts off
what is longer than 254 tokens: tokens of the documents that it saw, a second, are what compares.

The peers live in an environment of their own: `make setup-peers`.
"""

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._machine import machine
from indexing.submit import submit_paths
from indexing.worker import new_reader, run_job
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.core.settings import Settings
from rag.core.types import Vector
from rag.encoders.minilm import Minilm

REPOSITORY = Path(__file__).parents[1]
PEERS = REPOSITORY / ".venv-peers" / "bin" / "python"
LIBRARIES = ("llamaindex", "haystack")
BATCH_SIZES = (8, 32)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one ingestion took, and how much it took in."""

    seconds: float
    passages: int
    tokens: int  # of the documents, that the encoder saw


_Way = Callable[[], _Taken]


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
            *_measure(known, encoder="known vectors", turns=turns),
            *_measure(encoding, encoder="minilm", turns=turns),
        ],
    }


def _measure(ways: dict[str, _Way], *, encoder: str, turns: int) -> list[dict[str, object]]:
    taken: dict[str, list[_Taken]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            taken[name].append(way())
    seconds = {name: statistics.median(turn.seconds for turn in turns) for name, turns in taken.items()}
    pace = {name: taken[name][0].tokens / seconds[name] for name in ways}
    return [
        {
            "pipeline": name,
            "encoder": encoder,
            "passages": taken[name][0].passages,
            "tokens_seen": taken[name][0].tokens,
            "ms_per_passage": round(1000 * seconds[name] / taken[name][0].passages, 2),
            "tokens_per_second": round(pace[name]),
            "grove_is_faster_by": round(pace["grove"] / pace[name], 2),
        }
        for name in ways
    ]


def _grove(files: Sequence[Path], encoder: Minilm) -> _Taken:
    encoder.encode(["warm"])
    with tempfile.TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home), indexes="dense"), encoder=encoder)  # as the peers have
        with new_reader(grove) as reader:
            run_job(grove, submit_paths(grove, files[:1], collection="warm"), reader=reader)
            started = time.perf_counter()
            run_job(grove, submit_paths(grove, files, collection="default"), reader=reader)
            seconds = time.perf_counter() - started
        passages = next(found.chunks for found in grove.catalog.collections() if found.name == "default")
    return _Taken(seconds, passages, sum(len(encoder.token_starts(path.read_text())) for path in files))


def _peer(name: str, encoder: str, files: Sequence[Path]) -> _Taken:
    command: list[str | Path] = [PEERS, REPOSITORY / "benchmarks" / "_peer.py", name, encoder, *files]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return _Taken(**json.loads(done.stdout.splitlines()[-1]))
