"""Which chunks are worth an exact look: those of centroids beside those of fixed-dimensional encodings.

Of so many candidates, the share that they hold of the ten best chunks by exact MaxSim over 32-bit floats.
Every encoding (MUVERA) is looked at, which no index of them does better; their rows name repetitions, bits
of a cell and dimensions of a block. `centroids` is what the stores do. `one vector` is the head's vector of
the whole, and `by chance` knows nothing. At equal recall: how many candidates hold 0.95 of the ten best,
and the CPU time to find them and to look at them exactly. HNSW is FAISS's graph over the encodings of the
row above, which looks at some of them alone; `build_cpu_seconds` is that of what is searched, codes
included.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks._fde import Fde, FdeShape
from benchmarks._machine import machine
from benchmarks._token_vectors import DIM, TOKENS, Base, Making, made
from rag.core.types import Vector
from rag.scoring.centroids import CentroidLists
from rag.scoring.codebooks import num_centroids_for, train_codebook
from rag.scoring.maxsim import maxsim
from rag.scoring.residual import centroid_similarity, encode, nearest_centroids

K = 10
_COUNTS = (40, 160, 400)  # candidates
_ENOUGH = 0.95  # of the ten best
_GRID = (10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960, 1280, 1920)
_NUM_PROBES = 8  # the stores' default
_SHAPES = (
    FdeShape(20, 4, 8),
    FdeShape(7, 2, DIM),
    FdeShape(15, 3, 32),
    FdeShape(3, 3, DIM),
    FdeShape(14, 1, DIM),
    FdeShape(30, 0, DIM),
)
_GRAPHED = FdeShape(15, 3, 32)
_NEIGHBOURS = 32  # of a chunk in HNSW
_Find = Callable[[Vector, int], NDArray[np.int64]]  # a question's vectors, a number -> so many chunks


@dataclass(frozen=True, slots=True)
class _Way:
    """How candidates are found."""

    what: str
    numbers: int  # that it compares of a chunk
    find: _Find
    build_seconds: float = 0.0


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 100 questions over 4,000 chunks; `quick` 20 over 1,000."""
    num_chunks, num_queries, num_real = (1000, 20, 300) if quick else (4000, 100, 2000)
    faiss.omp_set_num_threads(1)
    with threadpool_limits(1):
        base = Base.encode(num_real, num_queries)
        tokens = made(base, num_chunks, Making(), np.random.default_rng(1)).reshape(-1, DIM)
        offsets = np.arange(0, len(tokens) + 1, TOKENS)
        best = [np.argsort(-maxsim(query, tokens, offsets))[:K] for query in base.queries]
        rows = [_row(way, base.queries, best, tokens) for way in _ways(tokens, offsets)]
    settings = {"chunks": num_chunks, "queries": len(base.queries), "vectors": base.encoder}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _row(
    way: _Way, queries: Sequence[Vector], best: Sequence[NDArray[np.int64]], tokens: Vector
) -> dict[str, object]:
    def share_of(count: int) -> float:
        return _found(way, queries, best, count).share

    shares = {f"of {count}": share_of(count) for count in _COUNTS}
    row = {"what": way.what, "numbers": way.numbers, **shares, "build_cpu_seconds": way.build_seconds}
    grid = [count for count in _GRID if count <= len(tokens) // TOKENS]
    place = bisect_left(grid, _ENOUGH, key=share_of)
    if place == len(grid):
        return row
    found = _found(way, queries, best, grid[place])
    looked_at = [_looked_at(query, tokens, ids) for query, ids in zip(queries, found.ids, strict=True)]
    finding, looking = (round(1000 * float(np.median(each)), 2) for each in (found.seconds, looked_at))
    return {**row, "needed": grid[place], "finding_ms": finding, "looking_ms": looking}


@dataclass(frozen=True, slots=True)
class _Found:
    ids: Sequence[NDArray[np.int64]]  # of each question
    seconds: Sequence[float]
    share: float  # of the best


def _found(way: _Way, queries: Sequence[Vector], best: Sequence[NDArray[np.int64]], count: int) -> _Found:
    ids, seconds = [], []
    for query in queries:
        started = time.process_time()
        ids.append(way.find(query, count))
        seconds.append(time.process_time() - started)
    share = np.mean([np.isin(few, found) for few, found in zip(best, ids, strict=True)])
    return _Found(ids, seconds, round(float(share), 3))


def _looked_at(query: Vector, tokens: Vector, ids: NDArray[np.int64]) -> float:
    """Give the seconds of an exact look at some chunks."""
    started = time.process_time()
    some = tokens.reshape(-1, TOKENS, DIM)[ids].reshape(-1, DIM)
    maxsim(query, some, np.arange(0, len(some) + 1, TOKENS))
    return time.process_time() - started


def _ways(tokens: Vector, offsets: NDArray[np.int64]) -> Iterator[_Way]:
    rng = np.random.default_rng(2)
    yield _Way("by chance", 0, lambda _, count: rng.permutation(len(offsets) - 1)[:count])
    wholes = np.ascontiguousarray(tokens[offsets[:-1]])
    yield _Way("one vector", DIM, lambda query, count: _highest(wholes @ query[0], count))
    for shape in _SHAPES:
        fde = Fde(DIM, shape)
        started = time.process_time()
        encoded = fde.passages(tokens, offsets)
        spent = time.process_time() - started
        name = f"encoding {shape.num_repetitions}, {shape.num_bits}, {shape.block_dim}"
        yield _Way(name, fde.dim, partial(_by_encoding, fde, encoded), round(spent, 1))
        if shape == _GRAPHED:
            started = time.process_time()
            graph = faiss.IndexHNSWFlat(fde.dim, _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
            graph.add(encoded)
            spent += time.process_time() - started
            yield _Way(f"{name}, HNSW", fde.dim, partial(_by_graph, fde, graph), round(spent, 1))
    yield _centroids(tokens, offsets)


def _centroids(tokens: Vector, offsets: NDArray[np.int64]) -> _Way:
    started = time.process_time()
    codebook = train_codebook(tokens, num_centroids=num_centroids_for(len(tokens)))
    nearest = nearest_centroids(codebook, encode(codebook, tokens))
    lists = CentroidLists.of(nearest, offsets, num_centroids=len(codebook.centroids))
    spent = time.process_time() - started

    def find(query: Vector, count: int) -> NDArray[np.int64]:
        return _highest(lists.scores(centroid_similarity(codebook, query), num_probes=_NUM_PROBES), count)

    return _Way("centroids", TOKENS, find, round(spent, 1))


def _by_encoding(fde: Fde, encoded: Vector, query: Vector, count: int) -> NDArray[np.int64]:
    return _highest(encoded @ fde.query(query), count)


def _by_graph(fde: Fde, graph: Any, query: Vector, count: int) -> NDArray[np.int64]:
    graph.hnsw.efSearch = 2 * count  # Any: FAISS has no types
    found: NDArray[np.int64] = graph.search(fde.query(query)[None], count)[1][0]
    return found


def _highest(scores: Vector, count: int) -> NDArray[np.int64]:
    count = min(count, len(scores))
    return np.argpartition(-scores, count - 1)[:count]
