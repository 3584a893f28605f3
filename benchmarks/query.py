"""How long a search takes: our own time outside encoder and index, and `rag search` as a person feels it.

Own time is the total less the stages `encode`, `dense` and `lexical`: reading the snapshot, fusing,
fetching the passages from the database. The rows `shell` start a new process for every search, first with
no server, then with one; `python` starts an interpreter that does nothing.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._machine import machine, percentile
from indexing.corpus import index_corpus
from indexing.parse import parse_document
from rag.compose import Grove
from rag.core.settings import Part, Settings

EXAMPLES = Path(__file__).parents[1] / "examples"
NOT_OURS = ("encode", "dense", "lexical")
MIN_CHUNKS = 10_000
QUESTIONS = (
    "maximum line length of Python code",
    "how are decorators evaluated",
    "what is a virtual environment",
    "type hints for variadic generics",
    "when is a release candidate made",
    "structural pattern matching of sequences",
    "why was the walrus operator accepted",
    "how do async generators close",
)


def run(*, quick: bool) -> dict[str, Any]:
    """Search 10k chunks in this process, then from the shell."""
    repeats = 10 if quick else 50
    with tempfile.TemporaryDirectory() as folder:
        num_chunks, rows = _in_process(Path(folder) / "large", repeats)
        rows += _from_the_shell(Path(folder) / "small", 3 if quick else 10)
    return {
        "machine": machine(),
        "settings": {"chunks": num_chunks, "searches": repeats * len(QUESTIONS), "k": 10},
        "rows": rows,
    }


def _in_process(home: Path, repeats: int) -> tuple[int, list[dict[str, object]]]:
    # What is measured does not depend on whose vectors they are, and hashing makes them in seconds.
    grove = Grove(
        Settings(
            home=home,
            encoder=Part(kind="hashing", options={"dim": 384}),
            chunker=Part(kind="structure", options={"max_tokens": 35}),
        )
    )
    documents = (
        (path.name, parse_document(path.read_bytes(), name=path.name))
        for path in sorted((EXAMPLES / "peps").iterdir())
    )
    index_corpus(grove, documents, collection="default")
    num_chunks = grove.catalog.collections()[0].chunks
    assert num_chunks >= MIN_CHUNKS, f"the examples give {num_chunks} chunks only"
    rows = []
    for retriever in ("lexical", "dense", "hybrid"):
        own, total = [], []
        for number in range(-len(QUESTIONS), repeats * len(QUESTIONS)):
            timings = grove.search(QUESTIONS[number % len(QUESTIONS)], retriever=retriever).timings
            if number >= 0:  # the first round warms up
                total.append(timings["total"])
                own.append(timings["total"] - sum(timings.get(stage, 0.0) for stage in NOT_OURS))
        rows.append(
            {
                "what": f"in process, {retriever}",
                "own_p50_ms": round(statistics.median(own), 2),
                "own_p95_ms": round(percentile(own, 95), 2),
                "total_p50_ms": round(statistics.median(total), 2),
                "total_p95_ms": round(percentile(total, 95), 2),
            }
        )
    return num_chunks, rows


def _from_the_shell(home: Path, repeats: int) -> list[dict[str, object]]:
    rag = str(Path(sys.executable).parent / "rag")
    subprocess.run(
        [rag, "ingest", EXAMPLES / "product.html", "--home", home], check=True, capture_output=True
    )
    search = [rag, "search", "outdoor sensor", "--home", str(home)]
    rows = [
        _shell_row("shell, python", [sys.executable, "-c", ""], repeats),
        _shell_row("shell, no server", search, repeats),
    ]
    with _server(rag, home):
        rows.append(_shell_row("shell, server running", search, repeats))
    return rows


def _shell_row(what: str, command: list[str], repeats: int) -> dict[str, object]:
    times = []
    for number in range(repeats + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        if number:  # the first fills the disk cache
            times.append((time.perf_counter() - started) * 1000)
    median = round(statistics.median(times))
    return {"what": what, "total_p50_ms": median, "total_p95_ms": round(percentile(times, 95))}


@contextmanager
def _server(rag: str, home: Path) -> Iterator[None]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(
        [rag, "serve", "--home", home, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    try:
        assert server.stdout is not None
        assert any("listens on" in line for line in server.stdout), "the server did not start"
        yield
    finally:
        server.terminate()
        server.wait()
