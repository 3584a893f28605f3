"""Questions of the training data on passages that the late head has not learned from, to develop on."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.evaluation.datasets import Dataset, Entry, Question
from rag.training._late_pool import MULTIHOP_QUESTIONS, QUOTA, joined, shuffled

__all__ = ["part_of", "unseen"]

_PASSAGES = {  # of each single-hop set
    "fairytaleqa": 120,
    "medquad": 200,
    "conditionalqa": 200,
    "qed_nq": 200,
    "selqa": 200,
    "tydiqa_en": 150,
}
_QUESTIONS = 50  # of each single-hop set
_MULTI_HOP = 60  # questions of each multi-hop set


def unseen(data: Path) -> list[Dataset]:
    """Give the single-hop questions, on one corpus, and the multi-hop ones on another."""
    return [_single_hop(data), _multi_hop(data)]


def part_of(question: Question) -> str:
    """Name the set that a question is from."""
    return question.id.split(":")[0]


def _single_hop(data: Path) -> Dataset:
    parts: dict[str, dict[str, list[str]]] = {name: {} for name in _PASSAGES}
    for record in _records(data / "train_retrieval_english" / "train.jsonl.gz"):
        if record["dataset"] in parts:
            parts[record["dataset"]].setdefault(joined(**record["positive"]), []).append(record["query"])
    corpus: list[Entry] = []
    questions: list[Question] = []
    relevant: dict[str, dict[str, float]] = {}
    for name, count in _PASSAGES.items():
        first = QUOTA[name]
        chosen = sorted(parts[name], key=shuffled)[first : first + count]
        for number, text in enumerate(chosen):
            corpus.append(Entry(f"{name}:{number}", "", text))
            question = min(parts[name][text], key=shuffled)
            if number < _QUESTIONS:
                questions.append(Question(f"{name}:{number}", question))
                relevant[f"{name}:{number}"] = {f"{name}:{number}": 1.0}
    return Dataset("unseen_single_hop", corpus, questions, relevant)


def _multi_hop(data: Path) -> Dataset:
    ids: dict[str, str] = {}
    questions: list[Question] = []
    relevant: dict[str, dict[str, float]] = {}
    taken: dict[str, int] = {}
    records = _records(data / "train_multihop" / "train.jsonl.gz")
    for record in sorted(records, key=lambda record: shuffled(record["question"])):
        name = record["dataset"]
        taken[name] = taken.get(name, 0) + 1
        if not MULTIHOP_QUESTIONS < taken[name] <= MULTIHOP_QUESTIONS + _MULTI_HOP:
            continue
        question = Question(f"{name}:{taken[name]}", record["question"])
        questions.append(question)
        for paragraph in record["paragraphs"]:
            text = joined(paragraph["title"], paragraph["text"])
            number = ids.setdefault(text, str(len(ids)))
            if paragraph["supporting"]:
                relevant.setdefault(question.id, {})[number] = 1.0
    corpus = [Entry(number, "", text) for text, number in ids.items()]
    return Dataset("unseen_multi_hop", corpus, questions, relevant)


def _records(path: Path) -> Iterator[dict[str, Any]]:  # Any: the keys are named in the data's README
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
