"""How fast documents come in, beside the encoder alone: the encoder's time is the least that there is.

End to end is what `rag ingest` does in a fresh home: read, parse, chunk, encode, index, commit, tidy. The
encoder alone gets the same passages at once, at several batch sizes, and its best counts.

What token and section vectors cost whoever ingests, over as many files as one likes: `python -m
benchmarks.ingest --indexes dense --indexes dense,late`.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._machine import machine
from indexing.pipeline import Pipeline
from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.protocols import Encoder
from rag.core.settings import Part, Settings
from rag.db.jobs import JobFile
from rag.encoders.minilm import Minilm

EXAMPLES = Path(__file__).parents[1] / "examples"
BATCH_SIZES = (4, 8, 32)
WAYS = {  # encoder and indexes
    "end to end, minilm": ("minilm", "dense"),
    "end to end, minilm, dense and late": ("minilm", "dense,late"),
    "end to end, hashing": ("hashing", "dense"),
}


def run(*, quick: bool) -> dict[str, Any]:
    """Measure in turns, so that a slow minute of the machine hits all rows alike."""
    files = _files(6 if quick else 3)
    passages = _passages(files)
    encoders = {f"encoder alone, batches of {size}": Minilm(batch_size=size) for size in BATCH_SIZES}
    for encoder in encoders.values():
        encoder.encode(passages[:8])
    rates: dict[str, list[float]] = {}
    for _ in range(3):
        for name, encoder in encoders.items():
            rates.setdefault(name, []).append(len(passages) / _seconds_alone(encoder, passages))
        for name, way in WAYS.items():
            seconds = _end_to_end(files, *way, len(passages)).clock
            rates.setdefault(name, []).append(len(passages) / seconds)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    best = max(medians[name] for name in encoders)
    return {
        "machine": machine(),
        "settings": {"documents": len(files), "passages": len(passages), "runs": 3},
        "rows": [
            {
                "what": name,
                "passages_per_second": round(rate, 1),
                "over_best_encoder_alone": round(rate / best, 3),
            }
            for name, rate in medians.items()
        ],
    }


def main() -> None:
    """Measure kinds of index in turns, end to end, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--indexes", action="append", required=True, help="such as dense,late; repeat")
    parser.add_argument("--every", type=int, default=3, help="take one in so many of the example PEPs")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    files = _files(options.every)
    num_passages = len(_passages(files))
    print(json.dumps({"machine": machine(), "documents": len(files), "passages": num_passages}))
    spent: dict[str, list[_Seconds]] = {}
    for _ in range(options.turns):
        for indexes in options.indexes:
            seconds = _end_to_end(files, "minilm", indexes, num_passages)
            spent.setdefault(indexes, []).append(seconds)
    medians = {
        indexes: _Seconds(*(statistics.median(each) for each in zip(*turns, strict=True)))
        for indexes, turns in spent.items()
    }
    first = medians[options.indexes[0]]
    for indexes, median in medians.items():
        print(json.dumps(_compared(indexes, median, first, turns=spent[indexes])), flush=True)


class _Seconds(NamedTuple):
    clock: float
    cpu: float  # of this process, and of those it started that have ended


def _compared(
    indexes: str, median: _Seconds, first: _Seconds, *, turns: list[_Seconds]
) -> dict[str, object]:
    return {
        "indexes": indexes,
        "cpu_seconds": round(median.cpu, 1),
        "cpu_times": round(median.cpu / first.cpu, 3),
        "seconds": round(median.clock, 1),
        "times": round(median.clock / first.clock, 3),
        "clock_and_cpu": [[round(value, 1) for value in turn] for turn in turns],
    }


def _files(every: int) -> list[Path]:
    return sorted((EXAMPLES / "peps").iterdir())[::every]


def _passages(files: list[Path]) -> list[str]:
    with tempfile.TemporaryDirectory() as home:
        pipeline = Pipeline.from_grove(Grove(Settings(home=Path(home))))
        texts: list[str] = []
        for path in files:
            file = JobFile(source=path.name, path=str(path))
            texts += pipeline.encoder_texts(pipeline.read(file, *pipeline.content(file)))
    return texts


def _seconds_alone(encoder: Encoder, passages: list[str]) -> float:
    started = time.perf_counter()
    encoder.encode(passages)
    return time.perf_counter() - started


def _end_to_end(files: list[Path], encoder: str, indexes: str, num_passages: int) -> _Seconds:
    with tempfile.TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home), encoder=Part(kind=encoder), indexes=indexes))
        grove.warm_up()
        started, cpu = time.perf_counter(), _cpu_seconds()
        status = run_job(grove, submit_paths(grove, files, collection="default"))
        seconds = _Seconds(time.perf_counter() - started, _cpu_seconds() - cpu)
        found = grove.catalog.collections()[0].chunks
    assert status is not None, "the job was not run"
    assert encoder != "minilm" or found == num_passages, f"{found} passages of {num_passages} came in"
    return seconds


def _cpu_seconds() -> float:
    return sum(os.times()[:4])


if __name__ == "__main__":
    main()
