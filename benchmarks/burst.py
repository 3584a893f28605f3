"""Questions that come together: when their answers begin, and what the first ones of a process cost.

The clock is the process's CPU time, which other work on the machine hardly changes. `new` questions were
never asked, `same` is one new question from all at once, `again` was answered before.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from agents.runs import ask
from benchmarks._inspections import new_questions, write_documents
from benchmarks._machine import machine
from rag.compose import Grove
from rag.core.events import TokenGenerated
from rag.core.settings import GenerationSettings, Settings

AT_ONCE = (1, 6, 20)


def run(*, quick: bool) -> dict[str, Any]:
    """Ask in a process that has answered nothing; the documents were taken in by another."""
    with tempfile.TemporaryDirectory() as folder:
        home, documents = Path(folder) / "home", Path(folder) / "documents"
        write_documents(documents)
        command = [sys.executable, "-m", "api.cli", "ingest", str(documents), "--home", str(home)]
        subprocess.run(command, check=True, capture_output=True)
        grove = Grove(Settings(home=home, generation=GenerationSettings(min_answerability=0)))
        grove.warm_up()
        rows = asyncio.run(_rows(grove, AT_ONCE[:2] if quick else AT_ONCE))
    return {"machine": machine(), "settings": {"documents": "benchmarks/_inspections.py"}, "rows": rows}


async def _rows(grove: Grove, sizes: Sequence[int]) -> list[dict[str, Any]]:
    questions = new_questions()
    first = [next(questions)]
    rows = [await _row(grove, "first of the process", first)]
    for size in sizes:
        rows.append(await _row(grove, "new", list(islice(questions, size))))
    rows.append(await _row(grove, "same", [next(questions)] * sizes[-1]))
    rows.append(await _row(grove, "again", first * sizes[-1]))
    return rows


async def _row(grove: Grove, what: str, questions: Sequence[str]) -> dict[str, Any]:
    start = time.process_time()
    begun = await asyncio.gather(*(_until_first_token(grove, question) for question in questions))
    waited = [(each - start) * 1000 for each in begun]
    return {
        "questions": what,
        "at_once": len(questions),
        "cpu_ms_until_first_answer": round(min(waited)),
        "cpu_ms_until_mean_answer": round(statistics.mean(waited)),
        "cpu_ms_until_last_answer": round(max(waited)),
    }


async def _until_first_token(grove: Grove, question: str) -> float:
    begun = [
        time.process_time() async for event in ask(grove, question) if isinstance(event, TokenGenerated)
    ]
    return begun[0]
