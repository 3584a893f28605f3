"""Are made chunks like real ones to a search? The gaps between scores, and what compression loses.

Real chunks beside as many made ones (benchmarks/_token_vectors.py), in several ways; the same queries, one
thread. `gap` is the mean difference between neighbours among the ranks 6 to 16 of the exact scan, in
standard deviations of a query's scores: where it is small, small errors change what is found. `error` is
the standard deviation, in the same unit, of what codes change in the scores of a query's best hundred
chunks; recall@10 is by codes alone, every chunk scored. `bytes for the whole` are the store's; without, its
vector is a code like all others. Pooled are the real chunks, without codes.
"""

from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._machine import machine
from benchmarks._token_vectors import DIM, Base, Making, made
from rag.core.types import TokenCodes, Vector
from rag.scoring.codebooks import num_centroids_for, train_codebook
from rag.scoring.maxsim import join, maxsim
from rag.scoring.pooling import pool_tokens
from rag.scoring.residual import decode, encode
from rag.scoring.whole import of_bytes, to_bytes

K = 10
WAYS = (Making(), Making(run=16), Making(run=16, stretch=10_000))
POOLING = (2, 3, 4)


def run(*, quick: bool) -> dict[str, Any]:
    """Compare some 4,900 real chunks and as many made; `quick` 1,000."""
    with threadpool_limits(1):
        base = Base.encode(1000 if quick else 10_000, 20 if quick else 100)
        count = len(base.tokens)
        rows = [{"chunks": "real", **_measured(base.tokens, base.queries)}]
        for way in WAYS[:1] if quick else WAYS:
            name = f"runs of {way.run} from {way.stretch} chunks, noise {way.noise}"
            some = made(base, count, way, np.random.default_rng(1))
            rows.append({"chunks": name, **_measured(some, base.queries)})
        exact = _scores(list(base.tokens), base.queries)
        for factor in POOLING[:1] if quick else POOLING:
            pooled = [pool_tokens(tokens, factor=factor) for tokens in base.tokens]
            recall = _recall(exact, _scores(pooled, base.queries))
            rows.append({"chunks": f"real, pooled by {factor}", "recall@10": recall})
    settings = {"vectors": base.encoder, "chunks": count, "queries": len(base.queries), "threads": 1}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _measured(chunks: Vector, queries: list[Vector]) -> dict[str, float]:
    exact = _scores(list(chunks), queries)
    spread = exact.std(axis=1)
    ranked = -np.sort(-exact, axis=1)
    tokens = chunks.reshape(-1, DIM)
    book = train_codebook(tokens, num_centroids=num_centroids_for(len(tokens)))
    coded = decode(TokenCodes(book, encode(book, tokens))).reshape(chunks.shape)
    plain = _scores(list(coded), queries)
    coded[:, 0] = of_bytes(to_bytes(chunks[:, 0]))
    kept = _scores(list(coded), queries)
    return {
        "gap": round(float(((ranked[:, 5] - ranked[:, 15]) / 10 / spread).mean()), 4),
        "error": _error(exact, plain),
        "recall@10": _recall(exact, plain),
        "error, bytes for the whole": _error(exact, kept),
        "recall@10, bytes for the whole": _recall(exact, kept),
    }


def _scores(chunks: list[Vector], queries: list[Vector]) -> Vector:
    tokens, offsets = join(chunks)
    return np.stack([maxsim(query, tokens, offsets) for query in queries])


def _error(exact: Vector, found: Vector) -> float:
    best = np.argsort(-exact, axis=1)[:, :100]
    missed = np.take_along_axis(found - exact, best, axis=1)
    missed -= missed.mean(axis=1, keepdims=True)
    return round(float((missed.std(axis=1) / exact.std(axis=1)).mean()), 4)


def _recall(exact: Vector, found: Vector) -> float:
    pairs = zip(np.argsort(-exact)[:, :K], np.argsort(-found)[:, :K], strict=True)
    return round(float(np.mean([len(np.intersect1d(*pair)) / K for pair in pairs])), 3)
