"""Answers to questions that nothing was trained on: SmolLM2, sentences, the reader, and both.

The questions of qa_nq_gold and qa_longdoc_covidqa that are kept for reports (rag/training/_reader_data.py),
once over the whole corpus with the default pipeline and once given the gold document alone. `sentences`
quotes without a reader; `smollm2` writes unchecked; `reader+smollm2` is SmolLM2 with its answer checked
against the passages and replaced by the reader's where it fails. SmolLM2 takes seconds a question, so that
it has fewer of them, and none over papers.

Parts of it, row by row: `python -m benchmarks.answers --way reader --questions 150`.
"""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from api.evaluation import IndexedDataset
from benchmarks._machine import machine
from rag.core.settings import Part, Settings
from rag.evaluation.answers import evaluate_answers
from rag.evaluation.datasets import Dataset, load_dataset
from rag.training._reader_data import side

REPOSITORY = Path(__file__).parents[1]
DATA = Path(os.environ.get("GROVE_SHARED", REPOSITORY.parent / "shared")) / "data"
WORK = REPOSITORY / ".work" / "answers"
_KEPT = (
    "em", "f1", "contains", "citation_precision", "citation_recall", "answered", "refusal_recall",
    "right_when_hidden", "false_refusals", "p50_ms", "ttft_p50_ms", "n",
)  # fmt: skip
_UNCHECKED = Part(kind="transformers", options={"is_checked": False})
_WAYS = (
    ("sentences", Part(kind="none"), "extractive"),
    ("reader", Part(kind="minilm"), "extractive"),
    ("smollm2", Part(kind="none"), "unchecked"),
    ("reader+smollm2", Part(kind="minilm"), "transformers"),
)


def run(*, quick: bool) -> dict[str, Any]:
    """Measure all questions, 60 with SmolLM2 and 60 over papers; `quick` 30, 6 and 10."""
    natural = _for_report(load_dataset(DATA / "qa_nq_gold"))
    papers = _for_report(load_dataset(DATA / "qa_longdoc_covidqa"))
    many, few, some = (30, 6, 10) if quick else (len(natural.questions), 60, 60)
    rows = [
        *(row for way in _WAYS for row in _rows(natural, way, (many, few))),
        *(row for way in _WAYS if way[2] == "extractive" for row in _rows(papers, way, (some,))),
    ]
    settings = {"questions": many, "questions of SmolLM2": few, "questions on papers": some}
    return {"machine": machine(), "settings": settings, "rows": rows}


def main() -> None:
    """Measure a part, and print each row when it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=("qa_nq_gold", "qa_longdoc_covidqa"), default="qa_nq_gold")
    parser.add_argument("--way", choices=[name for name, *_ in _WAYS], action="append", default=[])
    parser.add_argument("--questions", type=int, default=150, help="so many, the first ones")
    given = parser.parse_args()
    dataset = _for_report(load_dataset(DATA / given.data))
    for way in _WAYS:
        if not given.way or way[0] in given.way:
            for row in _rows(dataset, way, (given.questions,)):
                print(json.dumps(row), flush=True)


def _rows(dataset: Dataset, way: tuple[str, Part, str], counts: Sequence[int]) -> Iterator[dict[str, Any]]:
    name, reader, generator = way
    settings = Settings(reader=reader, generators={"unchecked": _UNCHECKED})
    for count in dict.fromkeys(counts if generator == "extractive" else counts[-1:]):
        part = replace(dataset, questions=dataset.questions[:count])
        indexed = IndexedDataset(settings, part, DATA / part.name, work=WORK, retrievers=["default"])
        indexed.index(lambda _: None)
        for gold in (False, True):
            figures = evaluate_answers(part, indexed.answer("default", generator, gold=gold))
            passages = "gold" if gold else "found"
            kept = {key: figures[key] for key in _KEPT}
            yield {"data": part.name, "what": name, "passages": passages, **kept}


def _for_report(dataset: Dataset) -> Dataset:
    kept = [
        question
        for question in dataset.questions
        if side(next(iter(dataset.relevant[question.id]))) == "report"
    ]
    return replace(dataset, questions=kept)


if __name__ == "__main__":
    main()
