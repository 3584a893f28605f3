"""What a codebook learns from, and what its codes then lose: `python -m benchmarks.codebooks`.

A store learns the codebook of a segment from some of its chunks: FAISS from chunks spread over all,
pgvector from the first 2048, which the caller's transaction brings first. Made chunks come in no order, so
that both are a draw; a row is one draw, and what is left of a comparison by several is what counts. Of each
of the queries, none of them of `rag bench multivector`, the exact scan's best hundred chunks are scored by
codes alone. `--bytes` gives residuals another size: of 128 dimensions 16, 32 and 64 are 1, 2 and 4 bits
each.
"""

import argparse
import json
import time
from itertools import product

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks._machine import machine
from benchmarks._token_vectors import DIM, TOKENS, Base, Making, made
from rag.core.types import Codebook, Vector
from rag.scoring.codebooks import train_codebook
from rag.scoring.maxsim import maxsim
from rag.scoring.residual import code_bytes, code_maxima, encode
from rag.scoring.whole import of_bytes, to_bytes

K = 10
DEPTH = 100
REPORTED = 200  # the first queries are those of `rag bench multivector`
LEARNT_FROM = 2048  # chunks
CENTROIDS = 2048


def main() -> None:
    """Print a line for each codebook."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=12_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--real", type=int, default=5000, help="real chunks that the others are made of")
    parser.add_argument("--draws", type=int, default=4, help="of chunks to learn from")
    parser.add_argument("--tokens", type=int, action="append", default=[], help="to learn from, at most")
    parser.add_argument("--bytes", type=int, action="append", default=[], help="of a residual; repeat")
    options = parser.parse_args()
    print(json.dumps(machine()))
    with threadpool_limits(1):
        base = Base.encode(options.real, REPORTED + options.queries)
        queries = base.queries[REPORTED:]
        rng = np.random.default_rng(2)
        chunks = made(base, options.chunks, Making(), rng)
        exact = np.stack([maxsim(query, *_ragged(chunks)) for query in queries])
        best = np.argsort(-exact, axis=1)[:, :DEPTH]
        for draw in range(options.draws):
            sample = made(base, LEARNT_FROM, Making(), rng)[:, 1:].reshape(-1, DIM)
            counts = options.tokens or [32 * CENTROIDS, 64 * CENTROIDS]
            for count, size in product(counts, options.bytes or [None]):
                spent = time.process_time()
                some = rng.permutation(sample)[:count]
                book = train_codebook(some, num_centroids=CENTROIDS, residual_bytes=size)
                spent = time.process_time() - spent
                of = {"draw": draw, "tokens": len(some), "bytes": code_bytes(book)}
                row = {"cpu_seconds": round(spent, 1), **_row(book, chunks, queries, exact, best)}
                print(json.dumps({**of, **row}), flush=True)


def _row(
    book: Codebook, chunks: Vector, queries: list[Vector], exact: Vector, best: NDArray[np.int64]
) -> dict[str, float]:
    looked_at = np.unique(best)
    codes = encode(book, chunks[looked_at, 1:].reshape(-1, DIM)).reshape(len(looked_at), TOKENS - 1, -1)
    whole = of_bytes(np.stack([to_bytes(each) for each in chunks[looked_at, 0]]))
    offsets = np.arange(0, DEPTH * (TOKENS - 1) + 1, TOKENS - 1)
    errors, recalls = [], []
    for query, scores, rows in zip(queries, exact, best, strict=True):
        places = np.searchsorted(looked_at, rows)
        found = code_maxima(book, codes[places].reshape(len(rows) * (TOKENS - 1), -1), query, offsets)
        by_codes = np.maximum(found, whole[places] @ query.T).sum(axis=1)
        errors.append(by_codes - scores[rows])
        recalls.append(len(set(np.argsort(-by_codes)[:K]) & set(range(K))) / K)
    error = np.array(errors)
    error -= error.mean(axis=1, keepdims=True)  # what all of a query's chunks share changes no order
    return {
        "missed": round(book.missed, 4),
        "error": round(float(error.std()), 5),
        f"recall@{K}": round(float(np.mean(recalls)), 4),
    }


def _ragged(chunks: Vector) -> tuple[Vector, NDArray[np.int64]]:
    return chunks.reshape(-1, DIM), np.arange(0, len(chunks) * TOKENS + 1, TOKENS)


if __name__ == "__main__":
    main()
