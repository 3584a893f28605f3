"""Fit the logistic models of rag/reading/support.py: `python -m rag.training support --write`.

Data: train_qa_english (SQuAD, TyDi QA, QED, FairytaleQA: questions with the place of their answer). Each
question searches all contexts; the six nearest by cosine are its passages.

- answers: the sentence that holds the answer against the other sentences of the passages.
- answerable: passages with the question's own context against the nearest ones without the answer.
- supports: question and answer read as a claim. The answer's sentence supports it; the best other
  window does not, nor does the best window for a claim with another question's answer.
"""

import argparse
import gzip
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rag.core.types import Passage, Vector
from rag.encoders.minilm import Minilm
from rag.reading import coefficients
from rag.reading.features import (
    Unit,
    claim_features,
    question_features,
    summary_features,
    units_of,
    weights_of,
    windows,
)
from rag.reading.support import SHORT_CLAIM
from rag.scoring.words import content_words
from rag.training._logistic import Coefficients, fit, logits

__all__ = ["Vectors", "cases_of", "main", "quality", "write"]

_Similarities = Callable[[str, Sequence[Unit]], list[float]]

_QUOTA = {"squad": 300, "squad_mixed": 250, "tydiqa_en": 400, "qed_nq": 500, "fairytaleqa": 100}
_NUM_PASSAGES = 6
_MAX_CONTEXT_CHARS = 2500
_HELD_OUT = 4  # every fourth question is for the report


@dataclass(frozen=True, slots=True)
class _Case:
    """A question, its answer, and where it stands."""

    question: str
    answers: tuple[str, ...]
    start: int
    passage: Passage


class Vectors:
    """Vectors of texts, each encoded once."""

    def __init__(self, encoder: Minilm) -> None:
        self._encoder = encoder
        self._known: dict[str, Vector] = {}

    def of(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return np.array([self._known[text] for text in texts])

    def similarities(self, text: str, units: Sequence[Unit]) -> list[float]:
        """Give the cosine of a text and each unit under its title."""
        labelled = [f"{unit.label}. {unit.text}" if unit.label else unit.text for unit in units]
        similarities: list[float] = (self.of(labelled) @ self.of([text])[0]).tolist()
        return similarities


@dataclass(slots=True)
class _Examples:
    """Rows of features with their labels, and which are held out."""

    rows: list[Vector]
    labels: list[int]
    held_out: list[bool]

    def add(self, row: Vector, label: int | None, number: int) -> None:
        """Add a row, unless nobody can say what it is."""
        if label is None:
            return
        self.rows.append(row)
        self.labels.append(label)
        self.held_out.append(number % _HELD_OUT == 0)

    def split(self, *, held_out: bool) -> tuple[Vector, Vector]:
        chosen = np.array(self.held_out) == held_out
        return np.array(self.rows, np.float32)[chosen], np.array(self.labels, np.float32)[chosen]


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit all models, print how good they are on held-out questions, and write the coefficients."""
    parser = argparse.ArgumentParser(prog="python -m rag.training support", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train_qa_english"))
    parser.add_argument("--write", action="store_true", help="write rag/reading/coefficients.py")
    options = parser.parse_args(arguments)
    cases = cases_of(options.data)
    vectors = Vectors(Minilm())
    fitted, report = {}, {}
    for name, mask in (("DENSE", 1.0), ("LEXICAL", 0.0)):
        fitted[name], report[name] = _fit_all(cases, vectors, mask)
    print(json.dumps(report, indent=2))
    if options.write:
        write(fitted)


def cases_of(folder: Path) -> list[_Case]:
    """Give questions of the training set, each with the passage that holds its answer."""
    contexts: dict[str, dict[str, list[Any]]] = {name: {} for name in _QUOTA}
    # Any: the records are JSON, their keys are named in the data set's README.
    with gzip.open(folder / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["dataset"] in contexts and len(record["context"]) <= _MAX_CONTEXT_CHARS:
                contexts[record["dataset"]].setdefault(record["context"], []).append(record)
    chooser = random.Random(0)  # noqa: S311 -- a sample, not a secret
    cases: list[_Case] = []
    for name, quota in _QUOTA.items():
        for context in chooser.sample(sorted(contexts[name]), quota):
            record = chooser.choice(contexts[name][context])
            passage = Passage(
                str(len(cases)),
                str(len(cases)),
                1,
                "",
                record["title"],
                None,
                0,
                len(context),
                0.0,
                context,
            )
            answers = tuple(answer["text"] for answer in record["answers"])
            cases.append(_Case(record["question"], answers, record["answers"][0]["start"], passage))
    return cases


def _fit_all(
    cases: Sequence[_Case], vectors: Vectors, mask: float
) -> tuple[coefficients.Coefficients, dict[str, dict[str, float]]]:
    similarities = vectors.similarities if mask else _no_similarities
    searches = list(_searches(cases, vectors))
    answers, supports, answerable = _Examples([], [], []), _Examples([], [], []), _Examples([], [], [])
    for number, (case, found, _) in enumerate(searches):
        units = units_of(found)
        rows = question_features(case.question, units, similarities(case.question, units))
        for unit, row in zip(units, rows, strict=True):
            answers.add(row, _label(case, found, unit), number)
        if case.passage in found:
            other = searches[number - 1][0].answers[0]
            for row, label in _claims(case, units, other, found, similarities):
                supports.add(row, label, number)
    answers_fit = fit(*answers.split(held_out=False))
    for number, (case, found, without) in enumerate(searches):
        for passages, label in ((found, int(case.passage in found)), (without, 0)):
            if units := units_of(passages):
                rows = question_features(case.question, units, similarities(case.question, units))
                answerable.add(summary_features(logits(answers_fit, rows), rows), label, number)
    answerable_fit = fit(*answerable.split(held_out=False))
    supports_fit = fit(*supports.split(held_out=False))
    report = {
        "answers": quality(answers_fit, *answers.split(held_out=True)),
        "answerable": quality(answerable_fit, *answerable.split(held_out=True)),
        "supports": quality(supports_fit, *supports.split(held_out=True)),
    }
    return coefficients.Coefficients(answers_fit, answerable_fit, supports_fit), report


def _no_similarities(_: str, units: Sequence[Unit]) -> list[float]:
    return [0.0] * len(units)


def _searches(
    cases: Sequence[_Case], vectors: Vectors
) -> Iterator[tuple[_Case, list[Passage], list[Passage]]]:
    passages = [case.passage for case in cases]
    documents = vectors.of([f"{passage.title}\n\n{passage.text}".strip() for passage in passages])
    for case in cases:
        order = np.argsort(-(documents @ vectors.of([case.question])[0]))
        nearest = [passages[int(index)] for index in order[: 5 * _NUM_PASSAGES]]
        without = [
            passage for passage in nearest if passage != case.passage and not _holds(case, passage.text)
        ]
        yield case, nearest[:_NUM_PASSAGES], without[:_NUM_PASSAGES]


def _label(case: _Case, passages: Sequence[Passage], unit: Unit) -> int | None:
    is_own = passages[unit.passage] == case.passage
    if is_own and unit.start <= case.start < unit.end:
        return 1
    return None if _holds(case, unit.text) else 0  # the answer elsewhere may be an answer or not


def _claims(
    case: _Case, units: Sequence[Unit], other: str, passages: Sequence[Passage], similarities: _Similarities
) -> Iterator[tuple[Vector, int]]:
    runs = list(windows(units))
    for answer, is_true in ((case.answers[0], True), (other, False)):
        claimed = replace(case, answers=(answer,))
        labels = [{_label(claimed, passages, unit) if is_true else 0 for unit in run} for run in runs]
        for sentence in (answer, f"{case.question} {answer}"):
            words = set(content_words(sentence))
            claim = f"{case.question} {sentence}" if len(words) < SHORT_CLAIM else sentence
            new = words - set(content_words(case.question))
            weights = weights_of(dict.fromkeys(content_words(claim)), units)
            cosine = dict(zip(units, similarities(claim, units), strict=True))
            rows = [claim_features(run, weights, new, [cosine[unit] for unit in run]) for run in runs]
            # The hardest window that does not support it: what would be cited in error.
            wrong = [row for row, label in zip(rows, labels, strict=True) if label == {0}]
            if wrong:
                yield max(wrong, key=lambda row: float(row[:4].sum())), 0
            yield from ((row, 1) for row, label in zip(rows, labels, strict=True) if label == {1})


def quality(fitted: Coefficients, rows: Vector, labels: Vector) -> dict[str, float]:
    """Tell how well examples that were held out are told apart."""
    found = logits(fitted, rows)
    right, wrong = found[labels == 1], found[labels == 0]
    ranks = np.searchsorted(np.sort(wrong), right)
    return {
        "n": len(labels),
        "auc": round(float(ranks.mean() / len(wrong)), 4),
        "true_accepted": round(float((right >= 0).mean()), 4),
        "false_refused": round(float((wrong < 0).mean()), 4),
        "brier": round(float(np.mean((1 / (1 + np.exp(-found)) - labels) ** 2)), 4),
    }


def write(fitted: dict[str, coefficients.Coefficients]) -> None:
    """Write coefficients.py, with what it has of other names."""
    path = Path(coefficients.__file__)
    known = {name: getattr(coefficients, name) for name in coefficients.__all__ if name.isupper()}
    head = path.read_text(encoding="utf-8").split("\n\nDENSE", maxsplit=1)[0]
    lines = []
    for name, values in (known | fitted).items():
        fields = "".join(
            f"    {field}={getattr(values, field)},\n" for field in ("answers", "answerable", "supports")
        )
        lines.append(f"{name} = Coefficients(\n{fields})\n")
    path.write_text(head + "\n\n" + "".join(lines), encoding="utf-8")


def _holds(case: _Case, text: str) -> bool:
    return any(answer.casefold() in text.casefold() for answer in case.answers)
