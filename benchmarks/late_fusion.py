"""How words, dense and late vectors are best weighted together: `python -m benchmarks.late_fusion`.

On the questions that the late head's training holds out (rag/training/_late_pool.py): nDCG@10 of each way
to fuse, and by a paired bootstrap how much it is better than `hybrid+late` as it is. The head has learned
from other questions of the same sets, so that `late` looks better here than on sets it has not seen.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from rag.core.types import Hit, Vector
from rag.evaluation.metrics import paired_interval
from rag.networks.late import LateHead
from rag.scoring.fusion import reciprocal_rank_fusion, score_fusion
from rag.training._late_held_out import HeldOut
from rag.training._late_pool import Columns, load_pools
from rag.training._late_student import Student
from rag.training._late_teacher import Words

DEPTH = 100
DEFAULT = (1.0, 1.0, 2.0)
WEIGHTS = (  # of words, dense and late, by score
    DEFAULT,
    (1.0, 0.0, 0.0),
    (0.0, 1.0, 0.0),
    (0.0, 0.0, 1.0),
    (1.0, 1.0, 1.0),
    (1.0, 1.0, 4.0),
    (1.0, 1.0, 8.0),
    (0.0, 1.0, 2.0),
    (1.0, 0.0, 2.0),
    (1.0, 0.0, 4.0),
    (1.0, 0.0, 8.0),
)


def main() -> None:
    """Print a line for each pool and way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/late"))
    parser.add_argument("--scale", type=float, default=1.0, help="of the sample of single-hop passages")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    depths, columns = Columns.of((6,))
    for pool in load_pools(options.data, options.work, depths, scale=options.scale):
        held_out = HeldOut(pool, columns)
        rankings = _rankings(held_out, columns)
        default = held_out.found(_fused(rankings, DEFAULT, len(pool.passages)))
        hybrid = held_out.found(_by_rank(rankings, len(pool.passages)))
        _print(pool.name, "hybrid, by rank", held_out, hybrid, default)
        for weights in WEIGHTS:
            found = held_out.found(_fused(rankings, weights, len(pool.passages)))
            _print(pool.name, str(weights), held_out, found, default)


_Rankings = Mapping[str, Sequence[Sequence[Hit]]]  # of each signal, one a question


def _rankings(held_out: HeldOut, columns: Columns) -> _Rankings:
    pool, questions = held_out.pool, held_out.questions()
    words = Words(pool.passages)
    scores = {
        "words": np.stack([words.scores(pool.queries[number].text) for number in questions]),
        "dense": pool.query_states.vectors[questions] @ pool.passage_states.vectors.T,
        "late": held_out.late(Student(LateHead.shipped(), columns)),
    }
    return {name: [_best(row) for row in rows] for name, rows in scores.items()}


def _best(row: Vector) -> list[Hit]:
    return [Hit(str(place), float(row[place])) for place in np.argsort(-row, kind="stable")[:DEPTH]]


def _fused(rankings: _Rankings, weights: Sequence[float], num_passages: int) -> Vector:
    return _dense_rows(
        [score_fusion(each, weights=weights) for each in zip(*rankings.values(), strict=True)], num_passages
    )


def _by_rank(rankings: _Rankings, num_passages: int) -> Vector:
    pairs = zip(rankings["words"], rankings["dense"], strict=True)
    return _dense_rows([reciprocal_rank_fusion(pair, weights=[1, 1]) for pair in pairs], num_passages)


def _dense_rows(fused: Sequence[Sequence[Hit]], num_passages: int) -> Vector:
    scores = np.zeros((len(fused), num_passages), dtype=np.float32)
    for row, hits in zip(scores, fused, strict=True):
        for hit in hits:
            row[int(hit.chunk_id)] = hit.score
    return scores


def _print(
    pool: str, way: str, held_out: HeldOut, found: Sequence[float], default: Sequence[float]
) -> None:
    low, high = paired_interval(found, default)
    print(f"{pool} {len(found)} {way}: {held_out.mean(found):.4f} [{low:+.4f}, {high:+.4f}]", flush=True)


if __name__ == "__main__":
    main()
