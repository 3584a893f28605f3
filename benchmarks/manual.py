"""Questions of a newcomer over Grove's own documentation: technical Markdown, with code and tables.

manual.jsonl: what is asked, and words of which an answer holds one; none for what the documentation does
not say. The documents are README.md and docs/. `answer` is what is answered, `passage` the best passage as
it is, and `passages` are all that an answer is read from.

What was withheld or given wrongly: `python -m benchmarks.manual --show`.
"""

import argparse
import asyncio
import json
from collections.abc import Iterator, Sequence
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

_ROOT = Path(__file__).parents[1]
_FILE = Path(__file__).with_suffix(".jsonl")


def run(*, quick: bool) -> dict[str, Any]:
    """Measure all questions; `quick` every third of them."""
    return {"machine": machine(), "settings": {}, "rows": _rows(step=3 if quick else 1, is_shown=False)}


def main() -> None:
    """Measure, and show what is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--show", action="store_true", help="print each question that is not answered as it should be"
    )
    for row in _rows(step=1, is_shown=parser.parse_args().show):
        print(json.dumps(row))


def _rows(*, step: int, is_shown: bool) -> list[dict[str, Any]]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()[::step]
    asked = [(row["question"], row["accepted"]) for row in map(json.loads, lines)]
    with TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home)))
        run_job(grove, submit_paths(grove, [_ROOT / "README.md", _ROOT / "docs"], collection=DEFAULT))
        found = [asyncio.run(_asked(grove, question)) for question, _ in asked]
    if is_shown:
        for (question, accepted), (text, *_) in zip(asked, found, strict=True):
            if bool(text) != bool(accepted) or not _holds(text, accepted):
                print(json.dumps([question, accepted, text]), flush=True)
    return list(_figures([accepted for _, accepted in asked], found))


async def _asked(grove: Grove, question: str) -> tuple[str, str, str]:
    """Give the answer, nothing where it is refused, the best passage and all of them."""
    events = [event async for event in ask(grove, question)]
    (answer,) = (event.answer for event in events if isinstance(event, AnswerFinished))
    passages = grove.search(question, k=grove.settings.generation.num_passages).passages
    texts = [passage.text for passage in passages]
    return "" if answer.refused else answer.answer, texts[0], "\n".join(texts)


def _figures(
    accepted: Sequence[Sequence[str]], found: Sequence[tuple[str, str, str]]
) -> Iterator[dict[str, Any]]:
    for name, texts in zip(("answer", "passage", "passages"), zip(*found, strict=True), strict=True):
        pairs = list(zip(accepted, texts, strict=True))
        said = [(text, words) for words, text in pairs if words]
        unsaid = [text for words, text in pairs if not words]
        yield {
            "given": name,
            "holds": round(float(np.mean([_holds(text, words) for text, words in said])), 3),
            "refused": round(float(np.mean([not text for text, _ in said])), 3),
            "refused_rightly": round(float(np.mean([not text for text in unsaid])), 3),
            "words": round(float(np.mean([len(text.split()) for text, _ in said])), 1),
            "questions": len(said),
            "unanswerable": len(unsaid),
        }


def _holds(text: str, accepted: Sequence[str]) -> bool:
    return not accepted or any(words.casefold() in text.casefold() for words in accepted)


if __name__ == "__main__":
    main()
