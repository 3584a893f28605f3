"""Answers beside passages that mislead: with noise among the passages, and with nothing but noise.

rag_robustness_rgb: web snippets for a question, those that hold its answer and those that do not. Reader
and support check are those of the product; nothing was trained on these questions or chosen by them.
"""

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._asked import answered, as_passage
from benchmarks._machine import machine
from rag.compose import Grove
from rag.core.settings import Settings
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
        as_passage(number, text, source=kind)
        for kind in kinds
        for number, text in enumerate(question[kind][:share])
    ]
    text = answered(grove, question["query"], passages)
    accepted = question["answer"] if isinstance(question["answer"], list) else [question["answer"]]
    spelled = [each for part in accepted for each in _spellings(part)]
    return text, text is not None and contains_answer(text, spelled)


def _spellings(accepted: str | list[str]) -> list[str]:
    return accepted if isinstance(accepted, list) else [accepted]
