"""How much faster two reading processes are than one, on at least two cores.

*Reading* is what they share: from files to chunks, the queue's own writes included. *End to end* is what
`rag ingest` does besides: encode, index, commit; its encoder gives vectors that were made before, so that
what is measured is not the encoder.
"""

import os
import shutil
import statistics
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks._machine import machine
from indexing._work import Work
from indexing.engines.local import Local
from indexing.readers import Readers
from indexing.submit import submit_paths
from indexing.worker import new_reader, run_job
from rag.compose import Grove
from rag.core.settings import IngestionSettings, Settings

PEPS = Path(__file__).parents[1] / "examples" / "peps"
WORKERS = (1, 2)


def run(*, quick: bool) -> dict[str, Any]:
    """Measure in turns, so that a slow minute of the machine hits all rows alike."""
    turns = 3
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        for copy in range(1 if quick else 3):
            shutil.copytree(PEPS, files / str(copy))
        num_files = sum(1 for _ in files.rglob("*.rst"))
        vectors = Path(folder) / "vectors"
        _end_to_end(Path(folder), files, 1, vectors)  # makes the vectors
        seconds: dict[tuple[str, int], list[float]] = {}
        load = os.getloadavg()[0]
        for _ in range(turns):
            for workers in WORKERS:
                reading = _reading(Path(folder), files, workers)
                seconds.setdefault(("reading", workers), []).append(reading)
                whole = _end_to_end(Path(folder), files, workers, vectors)
                seconds.setdefault(("end to end", workers), []).append(whole)
    medians = {key: statistics.median(values) for key, values in seconds.items()}
    return {
        "machine": machine(),
        "settings": {"files": num_files, "turns": turns, "load_at_start": round(load, 1)},
        "rows": [
            {
                "what": what,
                "workers": workers,
                "files_per_second": round(num_files / median, 1),
                "over_one": round(medians[what, 1] / median, 2),
            }
            for (what, workers), median in medians.items()
        ],
    }


def _settings(folder: Path, workers: int) -> Settings:
    home = folder / uuid.uuid4().hex
    return Settings(home=home, indexes="dense", ingestion=IngestionSettings(workers=workers))


def _reading(folder: Path, files: Path, workers: int) -> float:
    grove = Grove(_settings(folder, workers))
    submit_paths(grove, [files], collection="default")
    job = grove.jobs.lease("benchmark", lease_seconds=600)
    assert job is not None, "the job was just submitted"
    with new_reader(grove) as reader:
        _warm_up(reader, workers)
        work = Work(grove, job, reader, lambda _: None, threading.Event())
        started = time.perf_counter()
        num_chunks = sum(read.num_chunks for read in Local().reads(work))
        seconds = time.perf_counter() - started
    assert num_chunks > 0, "nothing was read"
    return seconds


def _end_to_end(folder: Path, files: Path, workers: int, vectors: Path) -> float:
    grove = Grove.with_cached_encoder(_settings(folder, workers), vectors)
    grove.warm_up()
    with new_reader(grove) as reader:
        _warm_up(reader, workers)
        started = time.perf_counter()
        status = run_job(grove, submit_paths(grove, [files], collection="default"), reader=reader)
        seconds = time.perf_counter() - started
    assert status is not None, "the job was not run"
    assert {file.state for file in status.files} == {"done"}, "a file failed"
    return seconds


def _warm_up(reader: Readers, workers: int) -> None:
    """Let every process load what it needs."""
    content = next(PEPS.iterdir()).read_bytes()
    reader.start()
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(lambda _: reader.read(content, name="warm.rst"), range(4 * workers)):
            pass
