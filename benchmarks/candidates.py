"""Which chunks are worth an exact look: those of centroids beside those of fixed-dimensional encodings.

Of so many candidates, the share that they hold of the ten best chunks by exact MaxSim over 32-bit floats.
Every encoding (MUVERA) is looked at, which no index of them does better; their rows name repetitions, bits
of a cell and dimensions of a block. `centroids` is what the stores do. `one vector` is the head's vector of
the whole, and `by chance` knows nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks._fde import Fde, FdeShape
from benchmarks._machine import machine
from benchmarks._token_vectors import DIM, TOKENS, Base, Making, made
from rag.core.types import Vector
from rag.scoring.centroids import CentroidLists
from rag.scoring.maxsim import maxsim
from rag.scoring.residual import (
    centroid_similarity,
    encode,
    nearest_centroids,
    num_centroids_for,
    train_codebook,
)

K = 10
_COUNTS = (40, 160, 400)  # candidates
_NUM_PROBES = 8  # the stores' default
_SHAPES = (
    FdeShape(20, 4, 8),
    FdeShape(7, 2, DIM),
    FdeShape(15, 3, 32),
    FdeShape(3, 3, DIM),
    FdeShape(14, 1, DIM),
    FdeShape(30, 0, DIM),
)
_Scores = Callable[[Vector], Vector]  # a question's vectors -> a score a chunk


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 100 questions over 4,000 chunks; `quick` 20 over 1,000."""
    num_chunks, num_queries, num_real = (1000, 20, 300) if quick else (4000, 100, 2000)
    with threadpool_limits(1):
        base = Base.encode(num_real, num_queries)
        tokens = made(base, num_chunks, Making(), np.random.default_rng(1)).reshape(-1, DIM)
        offsets = np.arange(0, len(tokens) + 1, TOKENS)
        best = [np.argsort(-maxsim(query, tokens, offsets))[:K] for query in base.queries]
        rows = [
            {"what": what, "numbers": numbers, **_held(best, [scores(query) for query in base.queries])}
            for what, numbers, scores in _ways(tokens, offsets)
        ]
    settings = {"chunks": num_chunks, "queries": len(base.queries), "vectors": base.encoder}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _held(best: Sequence[NDArray[np.int64]], scores: Sequence[Vector]) -> dict[str, float]:
    orders = [np.argsort(-each) for each in scores]
    return {
        f"of {count}": round(
            float(np.mean([np.isin(few, order[:count]) for few, order in zip(best, orders, strict=True)])),
            3,
        )
        for count in _COUNTS
    }


def _ways(tokens: Vector, offsets: NDArray[np.int64]) -> Iterator[tuple[str, int, _Scores]]:
    """Give each way, how many numbers it compares of a chunk, and how it scores."""
    rng = np.random.default_rng(2)
    yield "by chance", 0, lambda _: rng.random(len(offsets) - 1, np.float32)
    wholes = tokens[offsets[:-1]]
    yield "one vector", DIM, lambda query: wholes @ query[0]
    for shape in _SHAPES:
        fde = Fde(DIM, shape)
        encoded = fde.passages(tokens, offsets)
        name = f"encoding {shape.num_repetitions}, {shape.num_bits}, {shape.block_dim}"
        yield name, fde.dim, partial(_encoded_scores, fde, encoded)
    codebook = train_codebook(tokens, num_centroids=num_centroids_for(len(tokens)))
    nearest = nearest_centroids(encode(codebook, tokens))
    lists = CentroidLists.of(nearest, offsets, num_centroids=len(codebook.centroids))
    yield (
        "centroids",
        TOKENS,
        lambda query: lists.scores(centroid_similarity(codebook, query), num_probes=_NUM_PROBES),
    )


def _encoded_scores(fde: Fde, encoded: Vector, query: Vector) -> Vector:
    scores: Vector = encoded @ fde.query(query)
    return scores
