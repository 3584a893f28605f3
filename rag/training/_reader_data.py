"""What the reader learns from: questions with a passage that holds the answer.

Half of qa_nq_gold and of qa_longdoc_covidqa is set aside: three eighths to train on, one eighth to choose
by. `side` says which by the document's id, so that no passage has questions on two sides. The other half is
for reports alone. Of train_qa_english one passage in 64 is set aside to choose by (`is_set_aside`), of the
documents of everyday.jsonl one in six (`everyday`); reports on such documents are those of
benchmarks/short_documents.py. Passages that do not answer are those of _reader_cases.py.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rag.evaluation.datasets import Dataset, load_dataset

__all__ = [
    "Everyday",
    "Example",
    "Side",
    "covid",
    "english",
    "everyday",
    "everyday_of",
    "held_out",
    "is_free",
    "is_set_aside",
    "natural",
    "places",
    "side",
    "sources",
]

QUOTA = {
    "squad": 5051,
    "squad_mixed": 3344,
    "tydiqa_en": 4071,
    "qed_nq": 6556,
    "qamr": 2394,
    "qamr_par": 2394,
    "fairytaleqa": 2728,
}
_SET_ASIDE = 64  # one passage of so many
_EVERYDAY = Path(__file__).with_name("everyday.jsonl")
_EVERYDAY_CHOICE = 6  # one document of so many
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


@dataclass(frozen=True, slots=True)
class Everyday:
    """A document of everyday life, written for this, with questions in people's own words."""

    id: str
    title: str
    text: str
    answered: tuple[tuple[str, str], ...]  # question, words of the text that answer it
    unanswered: tuple[str, ...]  # of its subject


def everyday(wanted: Side) -> list[Everyday]:
    """Give the documents of everyday.jsonl to train on or to choose by; none of them is for reports.

    >>> {len(everyday(side)) > 20 for side in ("training", "choice")}, everyday("report")
    ({True}, [])
    """
    found = []
    for line in _EVERYDAY.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        is_choice = hashlib.sha256(row["id"].encode()).digest()[0] % _EVERYDAY_CHOICE == 0
        if wanted == ("choice" if is_choice else "training"):
            found.append(everyday_of(row))
    return found


def everyday_of(row: dict[str, Any]) -> Everyday:  # Any: JSON
    """Give the document of a row, as everyday.jsonl and benchmarks/short_documents.jsonl have them."""
    answered = tuple((question, answer) for question, answer in row["answered"])
    return Everyday(row["id"], row["title"], row["text"], answered, tuple(row["unanswered"]))


def side(document_id: str) -> Side:
    """Say what the questions about a document are for, by a hash of its id."""
    number = hashlib.sha256(document_id.encode()).digest()[0] % 8
    return "report" if number % 2 else "choice" if number == 0 else "training"


def is_set_aside(context: str) -> bool:
    """Say whether the questions of train_qa_english about a passage are only chosen by."""
    return hashlib.sha256(context.encode()).digest()[0] % _SET_ASIDE == 0


def english(data: Path, *, seed: int) -> dict[str, list[Example]]:
    """Give the parts of train_qa_english, each cut to its quota by the seed.

    Half of the questions of QAMR have their sentence alone, the other half its neighbours too.
    """
    parts: dict[str, list[Example]] = {name: [] for name in QUOTA}
    halves: dict[str, int] = {}
    for row in lines_of(data / "train_qa_english" / "train.jsonl.gz"):
        name = row["dataset"]
        half = halves.setdefault(row["question"], len(halves) % 2)
        if name == ("qamr_par" if half else "qamr") or not name.startswith("qamr"):
            spans = [(answer["start"], answer["start"] + len(answer["text"])) for answer in row["answers"]]
            chosen = spans[:1] if name.startswith("qamr") else spans
            parts[name].append(Example(name, row["question"], row["title"], row["context"], tuple(chosen)))
    chooser = np.random.default_rng(seed)
    return {name: _some(parts[name], quota, chooser) for name, quota in QUOTA.items()}


def sources(data: Path) -> list[object]:
    """Give what tells the data that is read, and how much of it is taken, from any other."""
    folders = ("train_qa_english", "train_multihop", "qa_nq_gold", "qa_longdoc_covidqa")
    files = [file for folder in folders for file in sorted((data / folder).iterdir())]
    return [QUOTA, *(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)]


def held_out(data: Path, wanted: Side) -> list[Example]:
    """Give the questions of qa_nq_gold of a side, each with its gold passage."""
    return natural(load_dataset(data / "qa_nq_gold"), wanted)


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


def lines_of(path: Path) -> Iterator[dict[str, Any]]:  # Any: JSON, whose keys the data's README names
    """Give the rows of a packed file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _some(found: list[Example], quota: int, chooser: np.random.Generator) -> list[Example]:
    return [found[number] for number in sorted(chooser.permutation(len(found))[:quota])]


def natural(dataset: Dataset, wanted: Side) -> list[Example]:
    """Give the questions of a side of qa_nq_gold."""
    entries = {entry.id: entry for entry in dataset.corpus}
    found = []
    for question in dataset.questions:
        gold = next(iter(dataset.relevant[question.id]))
        spans = places(entries[gold].text, question.answers)
        if side(gold) == wanted and spans:
            found.append(Example("nq", question.text, entries[gold].title, entries[gold].text, spans))
    return found


def is_free(dataset: Dataset, document_id: str) -> bool:
    """Say whether a document answers no question that is held out."""
    golds = {gold for relevant in dataset.relevant.values() for gold in relevant}
    return document_id not in golds or side(document_id) == "training"


def covid(dataset: Dataset, queries: Path) -> Iterator[Example]:
    """Give the training side of qa_longdoc_covidqa, each question with what stands around its answer."""
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
