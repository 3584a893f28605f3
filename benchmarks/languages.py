"""Answers in other languages than English: sentences alone, for the reader stays out.

Each question is asked over its gold passage and three others of its language, and once more without the
gold one. `any sentence`: what taking a sentence of these passages at random gives. English stands beside
the others, read by the reader. Nothing was fitted to xquad; of the Arabic and Chinese sets the questions at
even places were (rag/training/foreign.py), and those at odd places are asked here.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._asked import answered, as_passage
from benchmarks._machine import machine
from rag.compose import Grove
from rag.core.settings import Settings
from rag.core.types import Passage
from rag.evaluation.datasets import Dataset, Entry, Question, load_dataset
from rag.evaluation.metrics import contains_answer
from rag.scoring.sentences import sentence_spans

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data"
_ONE_LANGUAGE = ("qa_arabic_arcd", "qa_chinese_cmrc2018", "qa_japanese_jaquad")
_OTHERS = 3  # passages beside the gold one


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Question
    gold: Passage
    others: list[Passage]


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 50 questions of each language; `quick` 10."""
    count = 10 if quick else 50
    grove = Grove(Settings())
    everything = load_dataset(DATA / "multilingual_xquad")
    languages = dict.fromkeys(question.id.split("-")[0] for question in everything.questions)
    rows = [
        {"set": "xquad", "language": language, **_figures(grove, _asked(everything, f"{language}-", count))}
        for language in languages
    ]
    rows += [
        {"set": name, "language": name.split("_")[1], **_figures(grove, _asked(_odd(name), "", count))}
        for name in _ONE_LANGUAGE
    ]
    return {"machine": machine(), "settings": {"questions": count, "passages": 1 + _OTHERS}, "rows": rows}


def _odd(name: str) -> Dataset:
    dataset = load_dataset(DATA / name)
    return replace(dataset, questions=dataset.questions[1::2])


def _asked(dataset: Dataset, prefix: str, count: int) -> Iterator[_Asked]:
    """Give questions spread over the set, so that they are about many passages."""
    corpus = [entry for entry in dataset.corpus if entry.id.startswith(prefix)]
    numbers = {entry.id: number for number, entry in enumerate(corpus)}
    found = [question for question in dataset.questions if question.id.startswith(prefix)]
    chooser = np.random.default_rng(0)
    for question in found[:: max(1, len(found) // count)][:count]:
        number = numbers[next(iter(dataset.relevant[question.id]))]
        others = [
            each for each in chooser.permutation(len(corpus))[: _OTHERS + 1].tolist() if each != number
        ]
        yield _Asked(
            question,
            _passage(number, corpus[number]),
            [_passage(each, corpus[each]) for each in others[:_OTHERS]],
        )


def _passage(number: int, entry: Entry) -> Passage:
    return as_passage(number, entry.text, title=entry.title)


def _figures(grove: Grove, asked: Iterator[_Asked]) -> dict[str, float]:
    found = list(asked)
    texts, read, chances, declined = [], [], [], []
    for each in found:
        passages = [*each.others[:1], each.gold, *each.others[1:]]
        texts.append(answered(grove, each.question.text, passages))
        read.append(bool(grove.support.spans(each.question.text, passages)))
        chances.append(_chance(each.question.answers, passages))
        declined.append(answered(grove, each.question.text, each.others) is None)
    right = [
        text is not None and contains_answer(text, each.question.answers)
        for text, each in zip(texts, found, strict=True)
    ]
    return {
        "read": _mean(read),
        "answered": _mean([text is not None for text in texts]),
        "contains": _mean(right),
        "any sentence": _mean(chances),
        "declined without": _mean(declined),
        "n": len(found),
    }


def _chance(accepted: Sequence[str], passages: Sequence[Passage]) -> float:
    sentences = [
        passage.text[start:end] for passage in passages for start, end in sentence_spans(passage.text)
    ]
    return _mean([contains_answer(sentence, accepted) for sentence in sentences])


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 3)
