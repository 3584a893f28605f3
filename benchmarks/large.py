"""A hundred thousand chunks: memory and pace as an ingestion goes on.

Copies of the example PEPs, each with a line of its own, in small chunks and with the hashing encoder, so
that it ends within minutes. `memory` is what the worker itself holds at that moment, `mapped` what the
kernel holds of files for it and takes back when it needs the room.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks._machine import machine
from indexing.submit import submit_paths
from indexing.worker import Progress, run_job
from rag.compose import Grove
from rag.core.settings import Part, Settings

EXAMPLES = Path(__file__).parents[1] / "examples" / "peps"
CHUNKS_A_COPY = 10_000  # about, at 35 tokens a chunk


def run(*, quick: bool) -> dict[str, Any]:
    """Ingest; `quick` a fifth of it."""
    with tempfile.TemporaryDirectory() as folder:
        files, home = Path(folder) / "files", Path(folder) / "home"
        for copy in range(2 if quick else 10):
            (files / str(copy)).mkdir(parents=True)
            for path in EXAMPLES.iterdir():
                text = f"Copy {copy}\n\n{path.read_text()}"
                (files / str(copy) / f"{path.stem}.txt").write_text(text)
        grove = Grove(
            Settings(
                home=home,
                encoder=Part(kind="hashing", options={"dim": 384}),
                chunker=Part(kind="structure", options={"max_tokens": 35}),
            )
        )
        watch = _Watch()
        status = run_job(grove, submit_paths(grove, [files], collection="c"), on_progress=watch.see)
        assert status is not None, "the job was not run"
        assert all(file.state == "done" for file in status.files), "a file failed"
        num_chunks = grove.catalog.collections()[0].chunks
        size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    return {
        "machine": machine(),
        "settings": {"files": len(status.files), "chunks": num_chunks, "home_megabytes": size // 1_000_000},
        "rows": watch.rows,
    }


class _Watch:
    """Notes a row at every so many chunks."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self._started = time.monotonic()
        self._peak = 0

    def see(self, progress: Progress) -> None:
        memory = _megabytes("RssAnon:")
        self._peak = max(self._peak, memory)
        if progress.step == "published" and progress.chunks_encoded >= CHUNKS_A_COPY * (len(self.rows) + 1):
            seconds = time.monotonic() - self._started
            self.rows.append(
                {
                    "chunks": progress.chunks_encoded,
                    "seconds": round(seconds, 1),
                    "chunks_per_second": round(progress.chunks_encoded / seconds),
                    "memory_megabytes": memory,
                    "peak_megabytes": self._peak,
                    "mapped_megabytes": _megabytes("RssFile:"),
                }
            )


def _megabytes(kind: str) -> int:
    """Give this process's resident memory of a kind, as the kernel counts it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1000 for line in lines if line.startswith(kind))
