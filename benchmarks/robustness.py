"""Answers beside passages that mislead: with noise among the passages, and with nothing but noise.

rag_robustness_rgb: web snippets for a question, those that hold its answer and those that do not. Reader
and support check are those of the product; nothing was trained on these questions or chosen by them.
"""

import asyncio
import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._machine import machine
from rag.compose import Grove
from rag.core.protocols import GenerationOptions, Prompt
from rag.core.settings import Settings
from rag.core.types import Passage
from rag.evaluation.metrics import contains_answer

SHARED = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared"))
SETS = ("en_fact", "zh_fact", "zh_refine")
_PASSAGES = 6


def run(*, quick: bool) -> dict[str, Any]:
    """Measure every question of each set; `quick` 12 of each."""
    grove = Grove(Settings())
    rows = []
    for name in SETS:
        questions = _questions(name)[: 12 if quick else None]
        for passages, kinds in (
            ("answering", ("positive",)),
            ("answering, then noise", ("positive", "negative")),
            ("noise, then answering", ("negative", "positive")),
            ("noise", ("negative",)),
        ):
            found = [_ask(grove, question, kinds) for question in questions]
            given = [text is not None for text, _ in found]
            rows.append(
                {
                    "set": name,
                    "passages": passages,
                    "answered": round(float(np.mean(given)), 3),
                    "contains": round(float(np.mean([right for _, right in found])), 3),
                    "n": len(found),
                }
            )
    settings = {"passages": _PASSAGES, "min_answerability": grove.settings.generation.min_answerability}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _questions(name: str) -> list[dict[str, Any]]:
    with gzip.open(SHARED / "data" / "rag_robustness_rgb" / f"{name}.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def _ask(grove: Grove, question: dict[str, Any], kinds: Sequence[str]) -> tuple[str | None, bool]:
    """Give the answer, none where it is withheld, and whether it holds an accepted one."""
    share = _PASSAGES // len(kinds)
    passages = [
        Passage(f"{kind}{number}", kind, 1, kind, "", None, 0, len(text), 0.0, text)
        for kind in kinds
        for number, text in enumerate(question[kind][:share])
    ]
    answerability, _ = grove.support.answer_in(question["query"], passages)
    if answerability < grove.settings.generation.min_answerability:
        return None, False
    text = asyncio.run(_quoted(grove, Prompt((), question["query"], tuple(passages))))
    accepted = question["answer"] if isinstance(question["answer"], list) else [question["answer"]]
    return text, contains_answer(text, [each for part in accepted for each in _spellings(part)])


def _spellings(accepted: str | list[str]) -> list[str]:
    return accepted if isinstance(accepted, list) else [accepted]


async def _quoted(grove: Grove, prompt: Prompt) -> str:
    stream = grove.generator("extractive").stream(prompt, GenerationOptions())
    return "".join([delta.text async for delta in stream])
