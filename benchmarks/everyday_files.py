"""Answers over files as people have them: text, mail, a table, a web page, Markdown with code.

everyday_files/ holds 24, a newsletter, a leaflet, a runbook and such, written for this by someone who knew
nothing of Grove; everyday_files.jsonl what they answer, and what is of their subject and they do not say.
Every second file in the order of names is for choosing rules (`choice`), the others for reports (`report`).
All are taken in by their loaders, and each question is asked of all of them.

What was withheld or given wrongly: `python -m benchmarks.everyday_files --part choice --show`.
"""

import argparse
import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from agents.runs import ask
from benchmarks._machine import machine
from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import DEFAULT, Grove
from rag.core.events import AnswerFinished
from rag.core.settings import Settings

PARTS = ("choice", "report")
_FILES = Path(__file__).with_suffix("")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what of it an answer holds: one of the words, or all; none if no file answers it."""

    part: str
    kind: str
    question: str
    accepted: tuple[str, ...]
    wants_all: bool

    def is_right(self, answer: str) -> bool:
        """Say whether an answer is as it should be; an empty one refuses."""
        if not self.accepted or not answer:
            return not self.accepted and not answer
        held = [words.casefold() in " ".join(answer.casefold().split()) for words in self.accepted]
        return all(held) if self.wants_all else any(held)


def run(*, quick: bool) -> dict[str, Any]:
    """Measure all questions; `quick` every fifth of them."""
    rows = _rows(PARTS, step=5 if quick else 1, is_shown=False)
    return {"machine": machine(), "settings": {}, "rows": list(rows)}


def main() -> None:
    """Measure a part or both, and show what is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS, action="append", help="by default both")
    parser.add_argument("--show", action="store_true", help="print each question that is answered wrongly")
    given = parser.parse_args()
    for row in _rows(given.part or PARTS, step=1, is_shown=given.show):
        print(json.dumps(row))


def _rows(parts: Sequence[str], *, step: int, is_shown: bool) -> Iterator[dict[str, Any]]:
    asked = [each for each in _questions() if each.part in parts][::step]
    with TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home)))
        run_job(grove, submit_paths(grove, [_FILES], collection=DEFAULT))
        answers = [asyncio.run(_answer(grove, each.question)) for each in asked]
    for each, answer in zip(asked, answers, strict=True):
        if is_shown and not each.is_right(answer):
            print(json.dumps([each.kind, each.question, each.accepted, answer]), flush=True)
    for part in parts:
        pairs = [pair for pair in zip(asked, answers, strict=True) if pair[0].part == part]
        kinds = sorted({each.kind for each, _ in pairs if each.accepted})
        yield _figures(part, "all", pairs)
        for kind in kinds:
            yield _figures(part, kind, [pair for pair in pairs if pair[0].kind == kind])


def _figures(part: str, kind: str, pairs: Sequence[tuple[Asked, str]]) -> dict[str, Any]:
    said = [(each, answer) for each, answer in pairs if each.accepted]
    unsaid = [not answer for each, answer in pairs if not each.accepted]
    return {
        "part": part,
        "kind": kind,
        "right": round(float(np.mean([each.is_right(answer) for each, answer in said])), 3),
        "refused": round(float(np.mean([not answer for _, answer in said])), 3),
        "refused_rightly": round(float(np.mean(unsaid)), 3) if unsaid else None,
        "words": round(float(np.mean([len(answer.split()) for _, answer in said])), 1),
        "questions": len(said),
        "unanswerable": len(unsaid),
    }


def _questions() -> list[Asked]:
    names = sorted(path.name for path in _FILES.iterdir())
    lines = _FILES.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Asked(
            PARTS[names.index(row["document"]) % 2],
            row["kind"],
            row["question"],
            tuple(row["accepted"]),
            row.get("all", False),
        )
        for row in map(json.loads, lines)
    ]


async def _answer(grove: Grove, question: str) -> str:
    events = [event async for event in ask(grove, question)]
    (answer,) = (event.answer for event in events if isinstance(event, AnswerFinished))
    return "" if answer.refused else answer.answer


if __name__ == "__main__":
    main()
