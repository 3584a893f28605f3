"""Numbers from the tables of real PDFs: quarterly reports of two companies, as the product ingests them.

pdfqa_sec10q: the questions about one place of one report whose accepted answer names an amount, once over
all reports and once over the report alone. `number`: the reply has one of the answer's amounts; `passages`:
one of the passages that were read has it, so that a better reader could; `cited`: a citation lies in the
right report. The answers of the set are prose, so that there is no exact match.

`cells`: questions of our own whose answer is one cell of a table (filings_cells.jsonl), over the report
alone; `number`: the short answer is that cell, and nothing else. Those about the reports of 2022 were
looked at when tables were taught to the reader, those about 2023 were not.
"""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from agents.runs import ask
from benchmarks._machine import machine
from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import DEFAULT, Grove
from rag.core.errors import UnavailableError
from rag.core.events import AnswerFinished, RunFailed
from rag.core.settings import Settings
from rag.core.types import Answer

REPOSITORY = Path(__file__).parents[1]
DATA = Path(os.environ.get("GROVE_SHARED", REPOSITORY.parent / "shared")) / "data" / "pdfqa_sec10q"
CELLS = Path(__file__).with_name("filings_cells.jsonl")
WORK = REPOSITORY / ".work" / "filings"
_AMOUNT = re.compile(r"\$ ?(\d[\d,]*(?:\.\d+)?)|(\d+\.\d+)%")
_ONE_PLACE = "Single-Doc Single-Chunk RAG"
_PASSAGES = 6


def run(*, quick: bool) -> dict[str, Any]:
    """Measure every such question; `quick` 6."""
    grove = Grove(Settings(home=WORK))
    run_job(grove, submit_paths(grove, [DATA / "files"], collection=DEFAULT))
    sources = {Path(source).name: source for source in grove.catalog.sources(DEFAULT)}
    questions = list(_questions())[: 6 if quick else None]
    rows = []
    for name in ("all reports", "its report"):
        figures = [
            _figures(grove, question, None if name == "all reports" else [sources[question["report"]]])
            for question in questions
        ]
        means = {key: round(float(np.mean([each[key] for each in figures])), 3) for key in figures[0]}
        rows.append({"over": name, **means, "n": len(figures)})
    for year in ("2023",) if quick else ("2022", "2023"):
        asked = [
            each for each in map(json.loads, CELLS.read_text().splitlines()) if each["report"][:4] == year
        ]
        figures = [_cell_figures(grove, each, [sources[each["report"]]]) for each in asked]
        means = {key: round(float(np.mean([each[key] for each in figures])), 3) for key in figures[0]}
        rows.append({"over": f"cells of {year}", **means, "n": len(figures)})
    return {"machine": machine(), "settings": {"reports": len(sources)}, "rows": rows}


def _questions() -> Iterator[dict[str, Any]]:
    lines = (DATA / "qrels.tsv").read_text().splitlines()[1:]
    reports = {line.split("\t")[0]: line.split("\t")[1] for line in lines}
    for row in map(json.loads, (DATA / "queries.jsonl").read_text().splitlines()):
        amounts = _amounts(row["answers"][0])
        if row["qtype"] == _ONE_PLACE and amounts:
            yield {"text": row["text"], "amounts": amounts, "report": reports[row["id"]]}


def _amounts(text: str) -> set[str]:
    """Give what is written as dollars or per cent, without commas.

    >>> sorted(_amounts("It was $13,400 million, or 74.0%, in 2023."))
    ['13400', '74.0']
    """
    return {(money or share).replace(",", "") for money, share in _AMOUNT.findall(text)}


def _figures(grove: Grove, question: dict[str, Any], sources: list[str] | None) -> dict[str, bool]:
    condition = {"source": sources} if sources else None
    answer = asyncio.run(_answer(grove, question["text"], condition))
    found = grove.search(question["text"], retriever="default", k=_PASSAGES, filter=condition)
    return {
        "answered": not answer.refused,
        "number": _holds(answer.answer, question["amounts"]),
        "passages": any(_holds(passage.text, question["amounts"]) for passage in found.passages),
        "cited": any(Path(each.source).name == question["report"] for each in answer.citations),
    }


def _cell_figures(grove: Grove, question: dict[str, Any], sources: list[str]) -> dict[str, bool]:
    answer = asyncio.run(_answer(grove, question["text"], {"source": sources}))
    found = grove.search(question["text"], retriever="default", k=_PASSAGES, filter={"source": sources})
    digits = "".join(re.findall(r"[\d.]", answer.short_answer or ""))
    return {
        "answered": not answer.refused,
        "number": digits == question["cell"],
        "passages": any(_holds(passage.text, {question["cell"]}) for passage in found.passages),
        "cited": any(
            question["cell"] in cited.quote.replace(",", "") and cited.boxes for cited in answer.citations
        ),
    }


def _holds(text: str, amounts: set[str]) -> bool:
    return any(
        re.search(rf"(?<![\d.]){re.escape(amount)}(?![\d.]*\d)", text.replace(",", ""))
        for amount in amounts
    )


async def _answer(grove: Grove, question: str, condition: dict[str, Any] | None) -> Answer:
    async for event in ask(grove, question, filter=condition):
        if isinstance(event, RunFailed):
            raise UnavailableError(event.message)
        if isinstance(event, AnswerFinished):
            return event.answer
    raise AssertionError("a run ends with an answer or an error")
