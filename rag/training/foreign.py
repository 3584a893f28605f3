"""Fit how sentences of other languages than English are judged: `python -m rag.training foreign --write`.

Data: train_qa_japanese_jaquad, and the questions at even places of qa_arabic_arcd and qa_chinese_cmrc2018.
Each is asked of its gold passage among the three nearest by words that lack the answer, and of the four
nearest that lack it. Every second question taken is held out for the report.

- answers: the sentences of the gold passage that hold the answer against those without it, of all passages.
- answerable: passages with the gold one against those without, of train_qa_english: the three languages say
  which sentence answers, but not how many words are enough where words have spaces between them. Vectors
  have no say in it: how near all texts of a script are to each other differs. The bias is moved to where
  as many are refused wrongly as are answered wrongly.
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.core.types import Passage, Vector
from rag.encoders.minilm import Minilm
from rag.evaluation.datasets import load_dataset
from rag.evaluation.metrics import contains_answer
from rag.reading.coefficients import DENSE, Coefficients
from rag.reading.features import question_features, summary_features, units_of
from rag.reading.forms import with_forms
from rag.reading.questions import asked_words
from rag.training import support
from rag.training._late_teacher import Words
from rag.training._logistic import fit, logits

__all__ = ["main"]

_FOREIGN = ("qa_arabic_arcd", "qa_chinese_cmrc2018", "train_qa_japanese_jaquad")
_NUM_TEXTS = 3000  # of a set
_NUM_QUESTIONS = 300
_NUM_BESIDE = 3  # passages beside the gold one
_NO_COSINE = np.array([1, 0, 1, 1], np.float32)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, passages of which the second is the gold one, and passages without it."""

    question: str
    answers: Sequence[str]
    found: Sequence[Passage]
    without: Sequence[Passage]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Features of the sentences with the gold passage and without it; 1 for those that answer."""

    found: Vector
    labels: Vector
    without: Vector


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit both models, print how good they are on held-out questions, and write the coefficients."""
    parser = argparse.ArgumentParser(prog="python -m rag.training foreign", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--threshold", type=float, default=0.53, help="min_answerability of the settings")
    parser.add_argument("--write", action="store_true", help="write rag/reading/coefficients.py")
    options = parser.parse_args(arguments)
    vectors = support.Vectors(Minilm())
    foreign = [_rows(asked, vectors) for name in _FOREIGN for asked in _foreign(options.data / name)]
    english = [_rows(asked, vectors) for asked in _english(options.data / "train_qa_english")]
    answers = fit(*_sentences(foreign[::2]))
    answerable = _balanced(*_searches(english[::2], answers), threshold=options.threshold)
    report = {
        "answers": support.quality(answers, *_sentences(foreign[1::2])),
        "answerable, foreign": support.quality(answerable, *_searches(foreign[1::2], answers)),
        "answerable, English": support.quality(answerable, *_searches(english[1::2], answers)),
    }
    print(json.dumps(report, indent=2))
    if options.write:
        support.write({"FOREIGN": Coefficients(answers, answerable, DENSE.supports)})


def _foreign(folder: Path) -> Iterator[_Asked]:
    dataset = load_dataset(folder)
    passages = [_passage(entry.id, entry.title, entry.text) for entry in dataset.corpus[:_NUM_TEXTS]]
    numbers = {passage.document_id: number for number, passage in enumerate(passages)}
    asked = [
        (question.text, question.answers, numbers[gold])
        for question in dataset.questions[::2]
        if (gold := next(iter(dataset.relevant[question.id]))) in numbers
    ]
    return _searched(passages, asked)


def _english(folder: Path) -> Iterator[_Asked]:
    cases = support.cases_of(folder)
    passages = [case.passage for case in cases]
    return _searched(passages, [(case.question, case.answers, place) for place, case in enumerate(cases)])


def _searched(
    passages: Sequence[Passage], asked: Sequence[tuple[str, Sequence[str], int]]
) -> Iterator[_Asked]:
    words = Words([passage.text for passage in passages])
    for question, answers, gold in asked[:: max(1, len(asked) // _NUM_QUESTIONS)][:_NUM_QUESTIONS]:
        nearest = (
            passages[place] for place in np.argsort(-words.scores(question)).tolist() if place != gold
        )
        lacking = (passage for passage in nearest if not contains_answer(passage.text, answers))
        first, *rest = (next(lacking) for _ in range(_NUM_BESIDE + 1))
        yield _Asked(question, answers, [first, passages[gold], *rest[:-1]], [first, *rest])


def _passage(name: str, title: str, text: str) -> Passage:
    return Passage(name, name, 1, name, title, None, 0, len(text), 0.0, text)


def _rows(asked: _Asked, vectors: support.Vectors) -> _Rows:
    found, without = units_of(asked.found), units_of(asked.without)
    labels = [contains_answer(unit.text, asked.answers) for unit in found]  # no other passage holds it
    words = asked_words(asked.question)
    features = [
        question_features(asked.question, units, vectors.similarities(asked.question, units))
        for units in (with_forms(words, found), with_forms(words, without))
    ]
    return _Rows(features[0], np.array(labels, np.float32), features[1])


def _sentences(rows: Sequence[_Rows]) -> tuple[Vector, Vector]:
    return np.concatenate([each.found for each in rows]), np.concatenate([each.labels for each in rows])


def _balanced(summaries: Vector, labels: Vector, *, threshold: float) -> tuple[float, ...]:
    """Fit, with the bias at which as many are refused wrongly as are answered wrongly."""
    fitted = fit(summaries, labels)
    found = logits(fitted, summaries)
    right, wrong = np.sort(found[labels == 1]), np.sort(found[labels == 0])
    least = min(found, key=lambda one: abs((right < one).mean() - (wrong >= one).mean()))
    bias, *weights = fitted
    return round(bias + math.log(threshold / (1 - threshold)) - float(least), 4), *weights


def _searches(rows: Sequence[_Rows], answers: tuple[float, ...]) -> tuple[Vector, Vector]:
    """Give (2 N, 4) summaries and their labels; the second column, the best cosine, is zero."""
    summaries = [
        summary_features(logits(answers, features), features) * _NO_COSINE
        for each in rows
        for features in (each.found, each.without)
    ]
    return np.array(summaries), np.tile(np.array([1, 0], np.float32), len(rows))
