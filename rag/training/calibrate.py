"""Fit what turns a reader's scores into probabilities: `python -m rag.training calibrate --write`.

Data: the questions of qa_nq_gold that are set aside to choose by (_reader_data.py), which the reader was
not trained on. Each searches the whole corpus by words and by vectors; then once more without its gold
passage, and nothing found may count as an answer.

- answers: the sentence of the gold passage that holds the answer against the other sentences in which the
  reader found something.
- answerable: the passages with the gold one against those without.

The report is by cross-validation: each half of the questions, in its order, is judged by what the other
half fitted.
"Expected calibration error": Guo et al., On Calibration of Modern Neural Networks, 2017, section 2, with
ten bins of equal count; `isotonic` scales the logistic model's probabilities once more (Zadrozny & Elkan,
Transforming Classifier Scores into Accurate Multiclass Probability Estimates, 2002, section 3).
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Passage, Vector
from rag.encoders.minilm import Minilm
from rag.evaluation.datasets import Dataset, load_dataset
from rag.evaluation.metrics import contains_answer
from rag.generation import reader_coefficients
from rag.generation.features import Unit, units_of
from rag.generation.readers.minilm import Minilm as Reader
from rag.generation.reading import UNREAD, read_features
from rag.generation.support import Support
from rag.training._late_teacher import Words
from rag.training._logistic import Coefficients, fit, logits
from rag.training._reader_data import side

__all__ = ["main"]

_NUM_PASSAGES = 6
_RANKS = 60  # of reciprocal rank fusion
_BINS = 10
_Chances = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Case:
    """A question, the accepted answers, and what a search found, with its gold passage or without it."""

    question: str
    answers: tuple[str, ...]
    gold: str
    passages: list[Passage]
    is_hidden: bool
    is_shuffled: bool


@dataclass(frozen=True, slots=True)
class _Read:
    """What the reader made of a case."""

    case: _Case
    units: list[Unit]
    rows: Vector  # read_features
    without: float  # logit of being answerable, without a reader


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, print how good the probabilities are on questions that did not fit them, and write."""
    parser = argparse.ArgumentParser(prog="python -m rag.training calibrate", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true", help="write rag/generation/reader_coefficients.py")
    options = parser.parse_args(arguments)
    encoder = Minilm()
    support = Support(encoder, Reader())
    read = [_read(support, case) for case in _cases(load_dataset(options.data / "qa_nq_gold"), encoder)]
    answers, answerable, _ = _fitted(read)
    print(json.dumps(_report(read), indent=2))  # noqa: T201 -- the report is this command's result
    if options.write:
        path = Path(reader_coefficients.__file__)
        head = path.read_text(encoding="utf-8").split("\nREADER = ", maxsplit=1)[0]
        fields = f"    answers={answers},\n    answerable={answerable},\n"
        path.write_text(f"{head}\nREADER = ReaderCoefficients(\n{fields})\n", encoding="utf-8")


def _cases(dataset: Dataset, encoder: Minilm) -> list[_Case]:
    texts = [f"{entry.title}\n\n{entry.text}" for entry in dataset.corpus]
    vectors, words = encoder.encode(texts), Words(texts)
    chooser = np.random.default_rng(0)
    cases = []
    for question in dataset.questions:
        gold = next(iter(dataset.relevant[question.id]))
        if side(gold) != "choice":
            continue
        scores = (vectors @ encoder.encode([question.text])[0], words.scores(question.text))
        ranks = sum(1 / (_RANKS + np.argsort(np.argsort(-each))) for each in scores)
        order = [dataset.corpus[number] for number in np.argsort(-ranks)[: _NUM_PASSAGES + 1]]
        found = [
            Passage(entry.id, entry.id, 1, entry.id, entry.title, None, 0, len(entry.text), 0.0, entry.text)
            for entry in order
        ]
        without = [passage for passage in found if passage.source != gold]
        for passages, is_hidden in ((found, False), (without, True)):
            kept = passages[:_NUM_PASSAGES]
            shuffled = [kept[number] for number in chooser.permutation(len(kept))]
            for ordered in (kept, shuffled):
                is_shuffled = ordered is shuffled
                cases.append(_Case(question.text, question.answers, gold, ordered, is_hidden, is_shuffled))
    return cases


def _read(support: Support, case: _Case) -> _Read:
    units = units_of(case.passages)
    rows = read_features(units, support.spans(case.question, case.passages))
    return _Read(case, units, rows, support.answerable_without(case.question, case.passages))


def _sentences(read: Sequence[_Read]) -> tuple[Vector, Vector]:
    rows, labels = [], []
    for each in read:
        for unit, row in zip(each.units, each.rows, strict=True):
            is_gold = each.case.passages[unit.passage].source == each.case.gold
            holds = contains_answer(unit.text, each.case.answers)
            if row[0] > UNREAD and (is_gold or not holds):  # elsewhere it may be an answer or not
                rows.append(row)
                labels.append(holds)
    return np.array(rows), np.array(labels, dtype=np.float32)


def _fitted(read: Sequence[_Read]) -> tuple[Coefficients, Coefficients, Vector]:
    """Give both models, and the logits of being answerable."""
    answers = fit(*_sentences([each for each in read if not each.case.is_hidden]))
    rows = _answerable_rows(read, answers)
    answerable = fit(rows, np.array([not each.case.is_hidden for each in read], dtype=np.float32))
    return answers, answerable, logits(answerable, rows)


def _answerable_rows(read: Sequence[_Read], answers: Coefficients) -> Vector:
    return np.array([(logits(answers, each.rows).max(), each.without) for each in read], dtype=np.float32)


def _report(read: Sequence[_Read]) -> dict[str, object]:
    groups = {
        question: number % 2 for number, question in enumerate({each.case.question: 0 for each in read})
    }
    ordered = [each for each in read if not each.case.is_shuffled]
    labels = np.array([not each.case.is_hidden for each in ordered])
    own = np.array([groups[each.case.question] for each in ordered])
    plain, scaled = np.zeros(len(ordered)), np.zeros(len(ordered))
    for group in (0, 1):
        fitting = [each for each in read if groups[each.case.question] != group]
        answers, answerable, found = _fitted(fitting)
        rows = _answerable_rows([each for each in ordered if groups[each.case.question] == group], answers)
        plain[own == group] = 1 / (1 + np.exp(-logits(answerable, rows)))
        known = 1 / (1 + np.exp(-found))
        truth = np.array([not each.case.is_hidden for each in fitting])
        scaled[own == group] = _isotonic(known, truth, plain[own == group])
    return {
        "questions": len(groups),
        "auc": round(float(np.mean(plain[labels][:, None] > plain[~labels][None, :])), 4),
        "refusal recall at 0.5": round(float(np.mean(plain[~labels] < 0.5)), 4),
        "false refusals at 0.5": round(float(np.mean(plain[labels] < 0.5)), 4),
        "expected calibration error, logistic": round(_calibration_error(plain, labels), 4),
        "expected calibration error, isotonic": round(_calibration_error(scaled, labels), 4),
    }


def _isotonic(known: _Chances, labels: NDArray[np.bool_], wanted: _Chances) -> _Chances:
    """Give the probabilities `wanted`, scaled by the best ascending steps through the known labels."""
    order = np.argsort(known)
    blocks: list[list[float]] = []  # sum of labels, count
    for label in labels[order].astype(float):
        blocks.append([label, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + count]
    heights = np.concatenate([[total / count] * int(count) for total, count in blocks])
    found: _Chances = np.interp(wanted, known[order], heights)
    return found


def _calibration_error(chances: _Chances, labels: NDArray[np.bool_]) -> float:
    order = np.argsort(chances)
    bins = np.array_split(order, min(_BINS, len(order)))
    return sum(
        len(each) / len(order) * abs(float(chances[each].mean() - labels[each].mean())) for each in bins
    )
