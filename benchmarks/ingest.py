"""How fast documents come in, beside the encoder alone: the encoder's time is the least that there is.

End to end is what `rag ingest` does in a fresh home: read, parse, chunk, encode, index, commit, tidy. The
encoder alone gets the same passages at once, at several batch sizes, and its best counts.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

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


def run(*, quick: bool) -> dict[str, Any]:
    """Measure in turns, so that a slow minute of the machine hits all rows alike."""
    files = sorted((EXAMPLES / "peps").iterdir())[:: 6 if quick else 3]
    passages = _passages(files)
    encoders = {f"encoder alone, batches of {size}": Minilm(batch_size=size) for size in BATCH_SIZES}
    for encoder in encoders.values():
        encoder.encode(passages[:8])
    rates: dict[str, list[float]] = {}
    for _ in range(3):
        for name, encoder in encoders.items():
            rates.setdefault(name, []).append(len(passages) / _seconds_alone(encoder, passages))
        for kind in ("minilm", "hashing"):
            seconds = _seconds_end_to_end(files, kind, len(passages))
            rates.setdefault(f"end to end, {kind}", []).append(len(passages) / seconds)
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


def _seconds_end_to_end(files: list[Path], encoder: str, num_passages: int) -> float:
    with tempfile.TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home), encoder=Part(kind=encoder), indexes="dense"))
        grove.warm_up()
        started = time.perf_counter()
        status = run_job(grove, submit_paths(grove, files, collection="default"))
        seconds = time.perf_counter() - started
        found = grove.catalog.collections()[0].chunks
    assert status is not None, "the job was not run"
    assert encoder != "minilm" or found == num_passages, f"{found} passages of {num_passages} came in"
    return seconds
