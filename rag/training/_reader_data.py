"""What the reader learns from: questions with a passage that holds the answer, or one that does not.

Half of qa_nq_gold and of qa_longdoc_covidqa is set aside: three eighths to train on, one eighth to choose
by. `side` says which by the document's id, so that no passage has questions on two sides. The other half is
for reports alone.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rag.evaluation.datasets import Dataset, load_dataset
from rag.training._late_teacher import Words

QUOTA = {
    "squad": 5051,
    "squad_mixed": 3344,
    "tydiqa_en": 4071,
    "qed_nq": 6556,
    "qamr": 4788,
    "fairytaleqa": 2000,
}
_NEGATIVES = {"squad": 0.4, "squad_mixed": 0.4, "tydiqa_en": 0.4, "qed_nq": 0.5, "nq": 1.5, "covid": 1.0}
_NEAR = 12  # a passage without the answer is one of so many nearest by words
_COVID_CHARS = 1500  # of a paper, around the answer
Side = Literal["training", "choice", "report"]


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a passage; `answers` are spans of characters, none where it does not answer."""

    dataset: str
    question: str
    title: str
    context: str
    answers: tuple[tuple[int, int], ...]


def side(document_id: str) -> Side:
    """Say what the questions about a document are for, by a hash of its id."""
    number = hashlib.sha256(document_id.encode()).digest()[0] % 8
    return "report" if number % 2 else "choice" if number == 0 else "training"


def examples(data: Path, *, seed: int) -> list[Example]:
    """Give all examples, in no particular order.

    Args:
        data: the folder that holds train_qa_english, train_multihop, qa_nq_gold and qa_longdoc_covidqa.
        seed: which passages do not hold the answer, and which stories are taken.
    """
    chooser = np.random.default_rng(seed)
    by_part: dict[str, list[Example]] = {name: [] for name in QUOTA}
    for example in _english(data / "train_qa_english" / "train.jsonl.gz"):
        by_part.setdefault(example.dataset, []).append(example)
    parts = {name: _some(by_part[name], quota, chooser) for name, quota in QUOTA.items()}
    parts["multihop"] = list(_multihop(data / "train_multihop" / "train.jsonl.gz"))
    natural, papers = load_dataset(data / "qa_nq_gold"), load_dataset(data / "qa_longdoc_covidqa")
    parts["nq"] = _natural(natural, "training")
    parts["covid"] = list(_covid(papers, data / "qa_longdoc_covidqa" / "queries.jsonl"))
    pools = {name: _passages(found) for name, found in parts.items()}
    pools["nq"] = [(entry.title, entry.text) for entry in natural.corpus if _is_free(natural, entry.id)]
    negatives = [
        example
        for name, share in _NEGATIVES.items()
        for example in _unanswered(parts[name], pools[name], share, chooser)
    ]
    return [example for found in parts.values() for example in found] + negatives


def held_out(data: Path, wanted: Side) -> list[Example]:
    """Give the questions of qa_nq_gold of a side, each with its gold passage."""
    return _natural(load_dataset(data / "qa_nq_gold"), wanted)


def places(text: str, answers: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Give every span where an accepted answer stands as whole words, whatever its case.

    >>> places("In 1901; not in 19012.", ["1901"])
    ((3, 7),)
    """
    return tuple(
        dict.fromkeys(
            match.span()
            for answer in answers
            if answer.strip()
            for match in re.finditer(rf"(?<!\w){re.escape(answer.strip())}(?!\w)", text, re.IGNORECASE)
        )
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:  # Any: JSON, whose keys the data's README names
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _english(path: Path) -> Iterator[Example]:
    for row in _lines(path):
        spans = [(answer["start"], answer["start"] + len(answer["text"])) for answer in row["answers"]]
        chosen = spans if row["dataset"] != "qamr" else spans[:1]
        yield Example(row["dataset"], row["question"], row["title"], row["context"], tuple(chosen))


def _some(found: list[Example], quota: int, chooser: np.random.Generator) -> list[Example]:
    return [found[number] for number in sorted(chooser.permutation(len(found))[:quota])]


def _multihop(path: Path) -> Iterator[Example]:
    for row in _lines(path):
        for passage in row["paragraphs"]:
            spans = places(passage["text"], row["answers"])
            if passage["supporting"] and spans:
                yield Example("multihop", row["question"], passage["title"], passage["text"], spans)


def _natural(dataset: Dataset, wanted: Side) -> list[Example]:
    entries = {entry.id: entry for entry in dataset.corpus}
    found = []
    for question in dataset.questions:
        gold = next(iter(dataset.relevant[question.id]))
        spans = places(entries[gold].text, question.answers)
        if side(gold) == wanted and spans:
            found.append(Example("nq", question.text, entries[gold].title, entries[gold].text, spans))
    return found


def _is_free(dataset: Dataset, document_id: str) -> bool:
    """Say whether a document answers no question that is held out."""
    golds = {gold for relevant in dataset.relevant.values() for gold in relevant}
    return document_id not in golds or side(document_id) == "training"


def _covid(dataset: Dataset, queries: Path) -> Iterator[Example]:
    starts = {
        str(row["id"]): row["answer_start"] for row in map(json.loads, queries.read_text().splitlines())
    }
    texts = {entry.id: entry for entry in dataset.corpus}
    for question in dataset.questions:
        gold = next(iter(dataset.relevant[question.id]))
        start, answer = starts[question.id], question.answers[0].strip()
        text = texts[gold].text
        at = text.find(answer, max(0, start - 5))
        if side(gold) == "training" and at >= 0:
            first = max(0, at - _COVID_CHARS // 2)
            context = text[first : at + len(answer) + _COVID_CHARS // 2]
            spans = ((at - first, at - first + len(answer)),)
            yield Example("covid", question.text, "", context, spans)


def _passages(found: Sequence[Example]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((example.title, example.context) for example in found))


def _unanswered(
    found: Sequence[Example],
    pool: Sequence[tuple[str, str]],
    share: float,
    chooser: np.random.Generator,
) -> Iterator[Example]:
    words = Words([f"{title}\n{text}" for title, text in pool])
    whole, rest = divmod(share, 1.0)
    for example in found:
        wanted = int(whole) + int(chooser.random() < rest)
        if not wanted:
            continue
        accepted = [example.context[start:end] for start, end in example.answers]
        near = np.argsort(-words.scores(example.question))[:_NEAR].tolist()
        free = [
            pool[number]
            for number in near
            if pool[number][1] != example.context and not places(pool[number][1], accepted)
        ]
        for number in chooser.permutation(len(free))[:wanted]:
            title, text = free[number]
            yield Example(example.dataset, example.question, title, text, ())


def counts(found: Sequence[Example]) -> Mapping[str, tuple[int, int]]:
    """Give for each data set how many examples have an answer and how many do not."""
    names = dict.fromkeys(example.dataset for example in found)
    return {
        name: (
            sum(example.dataset == name and bool(example.answers) for example in found),
            sum(example.dataset == name and not example.answers for example in found),
        )
        for name in names
    }


def negatives_of(data: Path, found: Sequence[Example]) -> list[Example]:
    """Give each question of qa_nq_gold with the nearest passage by words that lacks the answer."""
    pool = [(entry.title, entry.text) for entry in load_dataset(data / "qa_nq_gold").corpus]
    words = Words([f"{title}\n{text}" for title, text in pool])
    others = []
    for example in found:
        accepted = [example.context[start:end] for start, end in example.answers]
        order = np.argsort(-words.scores(example.question)).tolist()
        title, text = next(
            pool[number]
            for number in order
            if pool[number][1] != example.context and not places(pool[number][1], accepted)
        )
        others.append(Example(example.dataset, example.question, title, text, ()))
    return others
