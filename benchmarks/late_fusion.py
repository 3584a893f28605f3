"""How words, dense and late vectors are best put together: `python -m benchmarks.late_fusion`.

On questions of the training data on passages that the late head has not learned from
(benchmarks/_unseen.py): nDCG@10 of each way to fuse, the mean over the sets that they are from, and by a
paired bootstrap over the questions how much it is better than `hybrid+late` as it is. With
`--data multihop_2wiki`, what was chosen so beside the pipelines as they are, over the product's index of
that set; nothing is chosen there.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Literal

import numpy as np
import torch

from api.evaluation import IndexedDataset
from benchmarks._machine import machine
from benchmarks._signals import Signals, signals_of
from benchmarks._unseen import part_of, unseen
from rag.compose import Grove
from rag.core.settings import Settings
from rag.core.types import Hit
from rag.evaluation.datasets import load_dataset
from rag.evaluation.metrics import ndcg, paired_interval, recall
from rag.scoring.fusion import reciprocal_rank_fusion, score_fusion

__all__ = ["DATA", "HYBRID", "JUDGED", "SHIPPED", "Way", "ranked"]

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data"
_SIGNALS = {"words": "lexical", "dense": "dense", "late": "late"}  # and the retriever of each


_Scaling = Literal["range", "deviation", "largest"]
_OTHERS: tuple[_Scaling, ...] = ("deviation", "largest")


@dataclass(frozen=True, slots=True)
class Way:
    """A fusion of words, dense and late."""

    weights: tuple[float, float, float]
    by_rank: bool = False
    constant: float = 60.0  # of ranks
    depth: int = 100
    scaling: _Scaling = "range"  # of scores: by their range as the product does, or otherwise

    def __str__(self) -> str:
        how = f"by rank, {self.constant:g}" if self.by_rank else f"by score, {self.scaling}"
        return f"{', '.join(f'{weight:g}' for weight in self.weights)} {how}, depth {self.depth}"

    def rankings(self, signals: Signals) -> list[list[Hit]]:
        """Give each question's fused ranking of chunks; a signal that weighs nothing brings none."""
        each = zip(*(signals.rankings[name] for name in _SIGNALS), strict=True)
        return [self.fused(parts) for parts in each]

    def fused(self, parts: Sequence[Sequence[Hit]]) -> list[Hit]:
        """Fuse a question's rankings of chunks, by words, dense and late."""
        chosen = [
            (hits[: self.depth], weight) for hits, weight in zip(parts, self.weights, strict=True) if weight
        ]
        return self._fused([hits for hits, _ in chosen], [weight for _, weight in chosen])

    def _fused(self, rankings: Sequence[Sequence[Hit]], weights: Sequence[float]) -> list[Hit]:
        if self.by_rank:
            return reciprocal_rank_fusion(rankings, weights=weights, constant=self.constant)
        if self.scaling == "range":
            return score_fusion(rankings, weights=weights)
        pairs = zip(rankings, weights, strict=True)
        sums: dict[str, float] = {}
        scaled = [(_scaled(hits, self.scaling), weight) for hits, weight in pairs if hits]
        for chunk in sorted({chunk for scores, _ in scaled for chunk in scores}):
            # What a ranking lacks is scored as its last hit: of negative scores, 0 would be more.
            parts = (scores.get(chunk, min(scores.values())) * weight for scores, weight in scaled)
            sums[chunk] = sum(parts)
        return [Hit(chunk, sums[chunk]) for chunk in sorted(sums, key=lambda chunk: -sums[chunk])]


def _scaled(hits: Sequence[Hit], scaling: _Scaling) -> dict[str, float]:
    scores = np.array([hit.score for hit in hits])
    if scaling == "deviation":
        scores = (scores - scores.mean()) / (scores.std() or 1.0)
    else:
        scores = scores / scores.max()
    return {hit.chunk_id: float(score) for hit, score in zip(hits, scores, strict=True)}


HYBRID = Way((1, 1, 0), by_rank=True)
SHIPPED = Way((1, 1, 2))  # `hybrid+late` of rag/compose/_profiles.py
CHOSEN = (1.0, 0.5, 2.0)  # the weights that are judged with --data
JUDGED = {
    "lexical": Way((1, 0, 0)),
    "dense": Way((0, 1, 0)),
    "hybrid": HYBRID,
    "late": Way((0, 0, 1)),
    "hybrid+late": SHIPPED,
    "chosen": Way(CHOSEN),
}
_CHUNKS = 40  # that ten documents are taken from, as in evaluations of the product
WAYS = (
    SHIPPED,
    HYBRID,
    Way((1, 0, 0)),
    Way((0, 1, 0)),
    Way((0, 0, 1)),
    *(Way((words, dense, 2)) for words in (0.25, 0.5) for dense in (0, 0.5, 1, 2)),
    *(Way((1, dense, 2)) for dense in (0, 0.5, 2)),
    *(Way((2, dense, 2)) for dense in (0, 0.5, 1, 2)),
    Way((1, 1, 8)),
    *(Way((1, 1, 2), depth=depth) for depth in (20, 50, 200)),
    *(Way((1, dense, 2), scaling=scaling) for dense, scaling in product((1, 0.5), _OTHERS)),
    *(Way((1, 1, late), by_rank=True, constant=constant) for late, constant in product((1, 2), (10, 60))),
)


def main() -> None:
    """Print a line for each way, or for each pipeline."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", action="append", default=[], help="judge on a folder of the data; repeat")
    parser.add_argument("--work", type=Path, help="where sets are indexed, and kept for the next time")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(machine()))
    with ExitStack() as opened:
        work = options.work or Path(opened.enter_context(tempfile.TemporaryDirectory()))
        for name in options.data:
            for row in _judged(name, work):
                print(json.dumps(row), flush=True)
        if not options.data:
            for line in _developed(work / "unseen"):
                print(line, flush=True)


def _developed(keep: Path) -> Iterator[str]:
    sets = [signals_of(dataset, keep=keep) for dataset in unseen(DATA)]
    parts = [part_of(question) for each in sets for question in each.dataset.questions]
    shipped = _found(sets, SHIPPED)
    yield f"{len(parts)} questions, {sum(len(each.documents) for each in sets)} chunks"
    for way in WAYS:
        found = _found(sets, way)
        yield f"{way}: {_means(found, parts)} {paired_interval(found, shipped)}"


def _found(sets: Sequence[Signals], way: Way) -> list[float]:
    return [value for each in sets for value in each.ndcg(way.rankings(each))]


def _means(found: Sequence[float], parts: Sequence[str]) -> str:
    of = {
        name: fmean(value for value, part in zip(found, parts, strict=True) if part == name)
        for name in dict.fromkeys(parts)
    }
    return f"{fmean(of.values()):.4f} ({' '.join(f'{name} {value:.3f}' for name, value in of.items())})"


def _judged(name: str, work: Path) -> Iterator[dict[str, object]]:
    """Give a row of each pipeline as it is, and of `hybrid+late` with the chosen weights."""
    dataset = load_dataset(DATA / name)
    indexed = IndexedDataset(Settings(), dataset, DATA / name, work=work, retrievers=["hybrid+late"])
    indexed.index(lambda _: None)
    rankings: list[dict[str, list[str]]] = [ranked(indexed.grove, each.text) for each in dataset.questions]
    relevant = [dataset.relevant[question.id] for question in dataset.questions]
    found = {
        pipeline: [
            ndcg(each[pipeline], gains, k=10) for each, gains in zip(rankings, relevant, strict=True)
        ]
        for pipeline in JUDGED
    }
    for pipeline, values in found.items():
        pairs = [(each[pipeline], gains) for each, gains in zip(rankings, relevant, strict=True)]
        yield {
            "data": name,
            "questions": len(values),
            "pipeline": pipeline,
            "ndcg@10": round(fmean(values), 4),
            **{f"recall@{k}": round(fmean(recall(*pair, k=k) for pair in pairs), 4) for k in (5, 10)},
            **{
                f"- {other}": paired_interval(values, found[other])
                for other in ("dense", "hybrid", "hybrid+late")
                if other != pipeline
            },
        }


def ranked(grove: Grove, question: str) -> dict[str, list[str]]:
    """Give each pipeline's ten documents; each of its parts is asked once, for as much as `hybrid` asks."""
    parts: list[list[Hit]] = []
    sources: dict[str, str] = {}
    for retriever in _SIGNALS.values():
        passages = grove.search(question, retriever=retriever, k=SHIPPED.depth).passages
        parts.append([Hit(each.chunk_id, each.score) for each in passages])
        sources |= {each.chunk_id: each.source for each in passages}
    return {
        pipeline: list(dict.fromkeys(sources[hit.chunk_id] for hit in way.fused(parts)[:_CHUNKS]))[:10]
        for pipeline, way in JUDGED.items()
    }


if __name__ == "__main__":
    main()
