"""Answers over short documents of everyday work, and refusals of what they nearly say.

short_documents.jsonl: a handbook, a lease, minutes, a recipe, a mail and such, written for this, each with
questions that it answers and with questions of its subject that it does not; those named .md are Markdown,
with tables and lists. By some of them (`choice`) rules and coefficients are chosen, the others are for
reports (`report`). further_documents.jsonl holds ten more for reports (`fresh`), among themselves. Each
question is asked of its document alone and of all documents of its file.

One part, and what was withheld or given wrongly:
`python -m benchmarks.short_documents --part choice --show`.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from agents.runs import ask
from benchmarks._machine import machine
from indexing.corpus import index_corpus
from indexing.loaders.markdown import Markdown
from rag.compose import DEFAULT, Grove
from rag.core.events import AnswerFinished
from rag.core.settings import Settings
from rag.core.types import Answer, ParsedDocument
from rag.evaluation.metrics import contains_answer

PARTS = ("choice", "report", "fresh")
_FILE = Path(__file__).with_suffix(".jsonl")
_FURTHER = _FILE.with_name("further_documents.jsonl")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a document and what answers it, none if the document does not say."""

    document: str
    question: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """A short document with its questions."""

    id: str
    part: str
    parsed: ParsedDocument
    questions: tuple[Asked, ...]


def documents(part: str = "report") -> list[Document]:
    """Give all documents of the file that has a part, in order."""
    found = []
    file = _FURTHER if part == "fresh" else _FILE
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        answered = [Asked(row["id"], question, answer) for question, answer in row["answered"]]
        others = [Asked(row["id"], question, None) for question in row["unanswered"]]
        found.append(Document(row["id"], row["part"], _parsed(row), (*answered, *others)))
    return found


def questions(part: str) -> list[Asked]:
    """Give the questions of a part's documents."""
    return [each for document in documents(part) if document.part == part for each in document.questions]


def run(*, quick: bool) -> dict[str, Any]:
    """Measure the questions for reports; `quick` every fourth of them."""
    rows = list(_rows("report", step=4 if quick else 1))
    return {"machine": machine(), "settings": {"documents": len(documents())}, "rows": rows}


def main() -> None:
    """Measure a part, and show what was withheld or given wrongly."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, default="report")
    parser.add_argument(
        "--show", action="store_true", help="print each question that is not as it should be"
    )
    given = parser.parse_args()
    for row in _rows(given.part, show=_print if given.show else lambda *_: None):
        print(json.dumps(row), flush=True)


def _rows(
    part: str, *, step: int = 1, show: Callable[[Asked, Answer], None] = lambda *_: None
) -> Iterator[dict[str, Any]]:
    with TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home)))
        corpus = ((each.id, each.parsed) for each in documents(part))
        index_corpus(grove, corpus, collection=DEFAULT, kinds=grove.kinds_for(["default"]))
        asked = questions(part)[::step]
        for over in ("its document", "all documents"):
            found = []
            for each in asked:
                condition = {"source": [each.document]} if over == "its document" else None
                found.append(asyncio.run(_answer(grove, each.question, condition)))
                show(each, found[-1])
            yield {"part": part, "over": over, **figures(asked, found)}


async def _answer(grove: Grove, question: str, condition: dict[str, Any] | None) -> Answer:
    events = [event async for event in ask(grove, question, filter=condition)]
    (answer,) = (event.answer for event in events if isinstance(event, AnswerFinished))
    return answer


def figures(asked: Sequence[Asked], found: Sequence[Answer]) -> dict[str, float]:
    """Give how often what is asked is answered, answered rightly, and refused."""
    pairs = list(zip(asked, found, strict=True))
    answered = [(each.answer, answer) for each, answer in pairs if each.answer is not None]
    others = [answer.refused for each, answer in pairs if each.answer is None]
    right = [
        not answer.refused and contains_answer(answer.answer, [accepted]) for accepted, answer in answered
    ]
    return {
        "contains": round(float(np.mean(right)), 3),
        "false_refusals": round(float(np.mean([answer.refused for _, answer in answered])), 3),
        "refusal_recall": round(float(np.mean(others)), 3),
        "answerable": len(answered),
        "unanswerable": len(others),
    }


def _parsed(row: dict[str, Any]) -> ParsedDocument:
    if row["id"].endswith(".md"):
        return Markdown().load(row["text"].encode(), name=row["id"])
    return ParsedDocument(row["text"], row["title"])


def _print(asked: Asked, answer: Answer) -> None:
    is_right = (
        answer.refused
        if asked.answer is None
        else not answer.refused and contains_answer(answer.answer, [asked.answer])
    )
    if not is_right:
        print(json.dumps([asked.question, asked.answer, answer.answer[:200]]), flush=True)


if __name__ == "__main__":
    main()
