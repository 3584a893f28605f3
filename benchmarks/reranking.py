"""What a language model's re-ranking gains over the ranking that it was given, and what it costs.

`rerank` orders the best hits of another retriever by how likely SmolLM2 finds the question after each
(TRLM-Fo). nDCG@10 of documents on the first questions of a set, with the interval of the gain by a paired
bootstrap over the questions. The first row does nothing.

Parts of it: `python -m benchmarks.reranking --data ir_cranfield --retriever hybrid --questions 20`.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from api.evaluation import IndexedDataset
from benchmarks._machine import machine
from rag.core.settings import Part, Settings
from rag.evaluation.datasets import Dataset, load_dataset
from rag.evaluation.metrics import ndcg, paired_interval

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data"
_DEPTH = 10
_CASES = (("ir_scifact", "lexical"), ("ir_cranfield", "hybrid"))  # sets and the retrievers below


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 40 questions of two sets; `quick` 3 of the first."""
    cases, questions = (_CASES[:1], 3) if quick else (_CASES, 40)
    rows = [row for case in cases for row in _rows(*case, questions=questions, depth=_DEPTH)]
    return {"machine": machine(), "settings": {"model": "smollm2", "depth": _DEPTH}, "rows": rows}


def main() -> None:
    """Measure a part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=_CASES[0][0], help="a folder of the data")
    parser.add_argument("--retriever", default=_CASES[0][1], help="whose hits are ordered anew")
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--depth", type=int, default=_DEPTH)
    options = parser.parse_args()
    print(json.dumps(machine()))
    for row in _rows(options.data, options.retriever, questions=options.questions, depth=options.depth):
        print(json.dumps(row), flush=True)


def _rows(name: str, below: str, *, questions: int, depth: int) -> list[dict[str, Any]]:
    """Give the rows of one set: the ranking below, and that ordered anew."""
    dataset = load_dataset(DATA / name, limit=questions)
    part = Part(kind="rerank", options={"retriever": below, "depth": depth})
    settings = Settings(retrievers={"reranked": part})
    if below == "lexical":  # no vector is asked for
        settings = settings.model_copy(update={"encoder": Part(kind="hashing")})
    with tempfile.TemporaryDirectory() as work:
        indexed = IndexedDataset(settings, dataset, DATA / name, work=Path(work), retrievers=["reranked"])
        indexed.index(lambda number: None)
        ways = {below: below, f"rerank of {below}": "reranked"}
        found = {shown: _scores(dataset, indexed.search(way)) for shown, way in ways.items()}
    nothing, _ = found[below]
    return [
        {
            "data": name,
            "questions": len(scores),
            "retriever": retriever,
            "ndcg@10": round(fmean(scores), 4),
            "gain": paired_interval(scores, nothing),
            "seconds a question": round(seconds, 2),
        }
        for retriever, (scores, seconds) in found.items()
    ]


def _scores(dataset: Dataset, search: Callable[[str, int], Sequence[str]]) -> tuple[list[float], float]:
    """Give nDCG@10 of each question, and the mean seconds of a search."""
    started = time.perf_counter()
    rankings = [search(question.text, 10) for question in dataset.questions]
    seconds = (time.perf_counter() - started) / len(rankings)
    pairs = zip(dataset.questions, rankings, strict=True)
    return [ndcg(ranking, dataset.relevant[question.id], k=10) for question, ranking in pairs], seconds


if __name__ == "__main__":
    main()
