"""Does a model's doubt tell that the passage has no answer? ATLAS's trigger beside its confidence alone.

Questions of train_qa_english, half of them with their own paragraph and half with another one of the same
article. For each answer the greatest doubt of its sentences: MLAG, 1 less the least probability of a
content token, and nothing (0.5). The area under the curve is the share of pairs in the right order.
"""

import asyncio
import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._machine import machine
from rag.compose import Grove
from rag.core.protocols import GenerationOptions, Generator
from rag.core.settings import Settings
from rag.core.types import Passage
from rag.evaluation.metrics import contains_answer
from rag.generation.answer import build_prompt

SHARED = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared"))
_OPTIONS = GenerationOptions(max_tokens=32, timeout_seconds=600.0)
_SAMPLES = 2000
_MAX_CHARS = 900  # of a paragraph


@dataclass(frozen=True, slots=True)
class Case:
    """A question with a paragraph that holds an answer, or one that does not."""

    question: str
    paragraph: str
    answers: list[str]
    is_absent: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What was written, and the doubts about it."""

    is_absent: bool
    is_wrong: bool
    score: float
    uncertainty: float


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 36 questions with and without their paragraph; `quick` 6."""
    count = 6 if quick else 36
    with tempfile.TemporaryDirectory() as home:
        generator = Grove(Settings(home=Path(home))).generator("atlas")
        results = [asyncio.run(_asked(generator, case)) for case in cases(count)]
    rows = [_row(results, label) for label in ("is_absent", "is_wrong")]
    return {"machine": machine(), "settings": {"questions": count, "model": "smollm2"}, "rows": rows}


def cases(count: int) -> Iterator[Case]:
    """Give questions of the lowest hash, each with its own paragraph and with one of the same article."""
    by_title: dict[str, list[dict[str, Any]]] = {}
    with gzip.open(SHARED / "data" / "train_qa_english" / "train.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            if row["dataset"] == "squad" and len(row["context"]) <= _MAX_CHARS:
                by_title.setdefault(row["title"], []).append(row)
    rows = sorted((row for each in by_title.values() for row in each), key=lambda row: _order(row["id"]))
    for row in rows[:count]:
        answers = [answer["text"] for answer in row["answers"]]
        others = {other["context"] for other in by_title[row["title"]]}
        without = [text for text in others if not contains_answer(text, answers)]
        if without:
            yield Case(row["question"], row["context"], answers, False)
            yield Case(row["question"], min(without, key=_order), answers, True)


async def _asked(generator: Generator, case: Case) -> Result:
    passage = Passage("c", "d", 1, "s", "", None, 0, len(case.paragraph), 1.0, case.paragraph)
    prompt = build_prompt(
        case.question,
        [passage],
        capabilities=generator.capabilities,
        options=_OPTIONS,
        count_tokens=generator.count_tokens,
    )
    deltas = [delta async for delta in generator.stream(prompt, _OPTIONS)]
    doubts = [delta.doubt for delta in deltas if delta.doubt]
    return Result(
        case.is_absent,
        not contains_answer("".join(delta.text for delta in deltas), case.answers),
        max((doubt.score for doubt in doubts), default=0.0),
        max((doubt.uncertainty for doubt in doubts), default=0.0),
    )


def _row(results: list[Result], label: str) -> dict[str, Any]:
    labels = np.array([getattr(result, label) for result in results])
    signals = {
        name: np.array([getattr(each, name) for each in results]) for name in ("score", "uncertainty")
    }
    chooser = np.random.default_rng(0)
    gains = []
    for _ in range(_SAMPLES):
        drawn = chooser.integers(len(results), size=len(results))
        if 0 < labels[drawn].sum() < len(drawn):
            mlag, plain = (auc(signals[name][drawn], labels[drawn]) for name in ("score", "uncertainty"))
            gains.append(mlag - plain)
    low, high = np.quantile(gains, (0.025, 0.975)).round(3).tolist()
    return {
        "label": label,
        "n": len(results),
        "true": int(labels.sum()),
        "auc_mlag": auc(signals["score"], labels),
        "auc_1_less_p": auc(signals["uncertainty"], labels),
        "auc_nothing": 0.5,
        "gain_low": low,
        "gain_high": high,
    }


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Give the share of pairs of a true and a false case that are in the right order; ties count half.

    >>> auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    pairs = scores[labels][:, None] - scores[~labels][None]
    return round(float((np.sign(pairs) + 1).mean() / 2), 4)


def _order(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
