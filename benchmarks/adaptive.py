"""Does a model's doubt tell that the passage has no answer? ATLAS's trigger beside its confidence alone.

Questions of train_qa_english, half of them with their own paragraph and half with another one of the same
article. For each answer the greatest doubt of its sentences: MLAG, 1 less the least probability of a
content token, and nothing (0.5). The area under the curve is the share of pairs in the right order.

And is it worth searching again for what is doubted? The same questions over paragraphs of their articles,
each with the one that is found: the answer from that, and from what the greatest doubt's words find beside
it. The second counts for a share of the questions, those doubted most: by MLAG, by 1 - p, or by chance.
"""

import asyncio
import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._machine import machine
from indexing.corpus import index_corpus
from rag.compose import DEFAULT, Grove
from rag.core.protocols import GenerationOptions, Generator
from rag.core.settings import Settings
from rag.core.types import Doubt, ParsedDocument, Passage
from rag.evaluation.metrics import contains_answer
from rag.generation.answer import build_prompt

SHARED = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared"))
_OPTIONS = GenerationOptions(max_tokens=32, timeout_seconds=600.0)
_SAMPLES = 2000
_MAX_CHARS = 900  # of a paragraph
_PARAGRAPHS = 12  # of an article
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the answers, for which is searched again


@dataclass(frozen=True, slots=True)
class Case:
    """A question with a paragraph that holds an answer, or one that does not."""

    question: str
    paragraph: str
    answers: list[str]
    is_absent: bool


@dataclass(frozen=True, slots=True)
class Again:
    """Whether an answer is right from one paragraph, and after a search, and the doubts about the first."""

    first: bool
    second: bool
    score: float
    uncertainty: float


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
        again = _searched_again(Path(home), generator, list(cases(count)))
    rows = [_row(results, label) for label in ("is_absent", "is_wrong")]
    rows += [_again_row(again, share) for share in _SHARES]
    return {"machine": machine(), "settings": {"questions": count, "model": "smollm2"}, "rows": rows}


@cache
def _articles() -> dict[str, list[dict[str, Any]]]:
    by_title: dict[str, list[dict[str, Any]]] = {}
    with gzip.open(SHARED / "data" / "train_qa_english" / "train.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            if row["dataset"] == "squad" and len(row["context"]) <= _MAX_CHARS:
                by_title.setdefault(row["title"], []).append(row)
    return by_title


def _article_of(case: Case) -> list[str]:
    """Give the question's own paragraph and some beside it."""
    articles = [[row["context"] for row in rows] for rows in _articles().values()]
    beside = next(paragraphs for paragraphs in articles if case.paragraph in paragraphs)
    return [case.paragraph, *list(dict.fromkeys(beside))[:_PARAGRAPHS]]


def cases(count: int) -> Iterator[Case]:
    """Give questions of the lowest hash, each with its own paragraph and with one of the same article."""
    by_title = _articles()
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
    text, doubts = await _written(generator, case.question, [passage])
    return Result(
        case.is_absent,
        not contains_answer(text, case.answers),
        max((doubt.score for doubt in doubts), default=0.0),
        max((doubt.uncertainty for doubt in doubts), default=0.0),
    )


async def _written(
    generator: Generator, question: str, passages: Sequence[Passage]
) -> tuple[str, list[Doubt]]:
    prompt = build_prompt(
        question,
        passages,
        capabilities=generator.capabilities,
        options=_OPTIONS,
        count_tokens=generator.count_tokens,
    )
    deltas = [delta async for delta in generator.stream(prompt, _OPTIONS)]
    return "".join(delta.text for delta in deltas), [delta.doubt for delta in deltas if delta.doubt]


def _searched_again(home: Path, generator: Generator, asked: Sequence[Case]) -> list[Again]:
    """Answer each question from the paragraph that is found, and from what its doubt finds besides."""
    grove = Grove(Settings(home=home / "paragraphs"))
    paragraphs = dict.fromkeys(paragraph for case in asked for paragraph in _article_of(case))
    index_corpus(
        grove,
        [(f"{number}.txt", ParsedDocument(text, "")) for number, text in enumerate(paragraphs)],
        collection=DEFAULT,
    )
    found = []
    for case in asked:
        if case.is_absent:
            continue  # the question of the case before
        first = grove.search(case.question, k=1).passages
        text, doubts = asyncio.run(_written(generator, case.question, first))
        greatest = max(doubts, key=lambda doubt: doubt.score, default=Doubt(0.0, 0.0, ()))
        others = grove.search(" ".join(greatest.words) or case.question, k=2).passages
        second = [*[each for each in others if each.chunk_id != first[0].chunk_id][:1], *first]
        anew, _ = asyncio.run(_written(generator, case.question, second))
        uncertainty = max((doubt.uncertainty for doubt in doubts), default=0.0)
        right = [contains_answer(each, case.answers) for each in (text, anew)]
        found.append(Again(right[0], right[1], greatest.score, uncertainty))
    grove.database.close()
    return found


def _again_row(results: Sequence[Again], share: float) -> dict[str, Any]:
    first, second = (np.array([getattr(each, name) for each in results]) for name in ("first", "second"))
    chosen = round(share * len(results))
    row: dict[str, Any] = {"searched_again": share, "n": len(results)}
    for name in ("score", "uncertainty"):
        most = np.argsort([-getattr(each, name) for each in results], kind="stable")[:chosen]
        is_again = np.isin(np.arange(len(results)), most)
        row[f"right_by_{name}"] = round(float(np.where(is_again, second, first).mean()), 4)
    row["right_by_chance"] = round(float(first.mean() + share * (second.mean() - first.mean())), 4)
    return row


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
