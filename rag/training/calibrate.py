"""Fit what turns a reader's scores into probabilities: `python -m rag.training calibrate --write`.

Data: the questions of qa_nq_gold that are set aside to choose by (_reader_data.py), which the reader was
not trained on. Each searches the whole corpus by words and by vectors (`found`, where the gold passage is);
then once more without its gold passage (`hidden`), and nothing found may count as an answer. Beside them
the short documents of benchmarks/short_documents.jsonl that are there to choose by: the questions of each
over it alone and over what is found among all; those that it does not answer are `hidden`. Those of
everyday.jsonl are no part: there words say so little that they are no sign any more, which costs qa_nq_gold
(docs/experiments/answers.md).

- answers: the sentence of the gold passage that holds the answer against the other sentences in which the
  reader found something.
- answerable: the passages with the gold one against those without.

The report also has the passages without those sentences of the gold one that hold the answer (`emptied`).
Nothing is fitted to them: what refuses two fifths of them refuses a fifth of the questions that have their
answer (docs/experiments/answers.md).

The report is by cross-validation: each half of the questions, in its order, is judged by what the other
half fitted.
"Expected calibration error": Guo et al., On Calibration of Modern Neural Networks, 2017, section 2, with
ten bins of equal count; `isotonic` scales the logistic model's probabilities once more (Zadrozny & Elkan,
Transforming Classifier Scores into Accurate Multiclass Probability Estimates, 2002, section 3).
"""

import argparse
import json
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Passage, Vector
from rag.encoders.minilm import Minilm
from rag.evaluation.datasets import load_dataset
from rag.evaluation.metrics import contains_answer
from rag.reading import reader_coefficients
from rag.reading.features import Unit, units_of
from rag.reading.readers.minilm import Minilm as Reader
from rag.reading.spans import UNREAD, answerable_features, read_features, said_logits
from rag.reading.support import Support
from rag.training._late_teacher import Words
from rag.training._logistic import Coefficients, fit, logits
from rag.training._reader_cases import removed
from rag.training._reader_data import Everyday, everyday_of, held_out, side

__all__ = ["main"]

_NUM_PASSAGES = 6
_RANKS = 60  # of reciprocal rank fusion
_BINS = 10
_Kind = Literal["found", "hidden", "emptied"]
_KINDS: tuple[_Kind, ...] = get_args(_Kind)
_Chances = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Case:
    """A question, the accepted answers, and what a search found, with its gold passage or without it."""

    question: str
    answers: tuple[str, ...]
    gold: str
    passages: list[Passage]
    kind: _Kind
    is_shuffled: bool
    is_short: bool = False  # about a short document

    @property
    def is_answerable(self) -> bool:
        return self.kind == "found"


@dataclass(frozen=True, slots=True)
class _Read:
    """What the reader made of a case."""

    case: _Case
    units: list[Unit]
    rows: Vector  # read_features
    without: float  # logit of being answerable by words and vectors


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, print how good the probabilities are on questions that did not fit them, and write."""
    parser = argparse.ArgumentParser(prog="python -m rag.training calibrate", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--documents", type=Path, default=Path("benchmarks/short_documents.jsonl"))
    parser.add_argument("--write", action="store_true", help="write rag/reading/reader_coefficients.py")
    options = parser.parse_args(arguments)
    encoder = Minilm()
    support = Support(encoder, Reader())
    short = _short_cases(*_short_documents(options.documents), encoder)
    cases = _with_their_gold([*_cases(options.data, encoder), *short])
    read = [_read(support, case) for case in cases]
    answers, answerable, _ = _fitted([each for each in read if each.case.kind != "emptied"])
    print(json.dumps(_reports(read), indent=2))
    if options.write:
        path = Path(reader_coefficients.__file__)
        head = path.read_text(encoding="utf-8").split("\nREADER = ", maxsplit=1)[0]
        fields = f"    answers={answers},\n    answerable={answerable},\n"
        path.write_text(f"{head}\nREADER = ReaderCoefficients(\n{fields})\n", encoding="utf-8")


def _cases(data: Path, encoder: Minilm) -> list[_Case]:
    dataset = load_dataset(data / "qa_nq_gold")
    golds = {example.question: example for example in held_out(data, "choice")}
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
        case = _Case(question.text, question.answers, gold, found, "found", False)
        for each in _ways(case, removed(golds[question.text]) if question.text in golds else ""):
            kept = each.passages[:_NUM_PASSAGES]
            shuffled = [kept[number] for number in chooser.permutation(len(kept))]
            cases.append(replace(each, passages=kept))
            cases.append(replace(each, passages=shuffled, is_shuffled=True))
    return cases


def _with_their_gold(cases: Sequence[_Case]) -> list[_Case]:
    """Leave out the cases that are to hold the gold passage where the search did not find it."""
    return [
        case
        for case in cases
        if case.kind == "hidden" or case.gold in {passage.source for passage in case.passages}
    ]


def _short_cases(documents: Sequence[Everyday], asked: Container[str], encoder: Minilm) -> list[_Case]:
    """Give the questions of the documents `asked`, over each alone and over what is found among all."""
    texts = [f"{each.title}\n\n{each.text}" for each in documents]
    vectors, words = encoder.encode(texts), Words(texts)
    passages = [
        Passage(each.id, each.id, 1, each.id, each.title, None, 0, len(each.text), 0.0, each.text)
        for each in documents
    ]
    cases = []
    for number, document in enumerate(documents):
        if document.id not in asked:
            continue
        for question, *answers in (*document.answered, *([each] for each in document.unanswered)):
            scores = (vectors @ encoder.encode([question])[0], words.scores(question))
            ranks = sum(1 / (_RANKS + np.argsort(np.argsort(-each))) for each in scores)
            found = [passages[each] for each in np.argsort(-ranks)[:_NUM_PASSAGES]]
            kind: _Kind = "found" if answers else "hidden"
            for each in ([passages[number]], found):
                cases.append(_Case(question, tuple(answers), document.id, each, kind, False, is_short=True))
    return cases


def _short_documents(path: Path) -> tuple[list[Everyday], set[str]]:
    """Give the documents of a file, and which of them are there to choose by."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [everyday_of(row) for row in rows], {row["id"] for row in rows if row["part"] == "choice"}


def _ways(case: _Case, left: str) -> Iterator[_Case]:
    """Give a case as it is, without its gold passage, and with what is left of that; in this order."""
    yield case
    hidden = [passage for passage in case.passages if passage.source != case.gold]
    yield replace(case, passages=hidden, kind="hidden")
    if left:
        emptied = [
            replace(passage, text=left, end=len(left)) if passage.source == case.gold else passage
            for passage in case.passages
        ]
        yield replace(case, passages=emptied, kind="emptied")


def _read(support: Support, case: _Case) -> _Read:
    units, spans = units_of(case.passages), support.spans(case.question, case.passages)
    without = support.answerable_unread(case.question, units, spans)
    return _Read(case, units, read_features(case.question, units, spans), without)


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
    answers = fit(*_sentences([each for each in read if each.case.is_answerable]))
    rows = _answerable_rows(read, answers)
    answerable = fit(rows, np.array([each.case.is_answerable for each in read], dtype=np.float32))
    return answers, answerable, logits(answerable, rows)


def _answerable_rows(read: Sequence[_Read], answers: Coefficients) -> Vector:
    rows = []
    for each in read:
        question, units = each.case.question, each.units
        likely = said_logits(question, units, logits(answers, each.rows))
        rows.append(answerable_features(question, units, likely, without=each.without))
    return np.array(rows)


def _is_ordered(case: _Case) -> bool:
    return not case.is_shuffled and not case.is_short


def _reports(read: Sequence[_Read]) -> dict[str, object]:
    return {
        "qa_nq_gold": _report(read, _is_ordered),
        "short documents": _report(read, lambda case: case.is_short),
    }


def _report(read: Sequence[_Read], is_shown: Callable[[_Case], bool]) -> dict[str, object]:
    groups = {
        question: number % 2 for number, question in enumerate({each.case.question: 0 for each in read})
    }
    ordered = [each for each in read if is_shown(each.case)]
    kinds = np.array([each.case.kind for each in ordered])
    own = np.array([groups[each.case.question] for each in ordered])
    plain, scaled = np.zeros(len(ordered)), np.zeros(len(ordered))
    for group in (0, 1):
        fitting = [
            each for each in read if groups[each.case.question] != group and each.case.kind != "emptied"
        ]
        answers, answerable, found = _fitted(fitting)
        rows = _answerable_rows([each for each in ordered if groups[each.case.question] == group], answers)
        plain[own == group] = 1 / (1 + np.exp(-logits(answerable, rows)))
        fitted = 1 / (1 + np.exp(-found))
        truth = np.array([each.case.is_answerable for each in fitting])
        scaled[own == group] = _isotonic(fitted, truth, plain[own == group])
    known = kinds != "emptied"
    labels = kinds[known] == "found"
    return {
        "questions": len({each.case.question for each in ordered}),
        **{
            f"auc, found against {kind}": round(
                float(np.mean(plain[kinds == "found"][:, None] > plain[kinds == kind][None, :])), 4
            )
            for kind in ("hidden", "emptied")
            if (kinds == kind).any()
        },
        **{
            f"refused at 0.5, {kind}": round(float(np.mean(plain[kinds == kind] < 0.5)), 4)
            for kind in _KINDS
            if (kinds == kind).any()
        },
        "expected calibration error, logistic": round(_calibration_error(plain[known], labels), 4),
        "expected calibration error, isotonic": round(_calibration_error(scaled[known], labels), 4),
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
