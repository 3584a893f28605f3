"""The support check: answer sentences as they are, against the same with one planted error.

The sentence of each gold passage that holds the accepted answer is judged against the passage: word for
word, and said in other words around it (a lead-in, its last clause left out). Then a number, a name or a
negation of it is changed. `any` counts every sentence as supported: what doing nothing gives.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks._machine import machine
from rag.core.types import Passage
from rag.encoders.minilm import Minilm
from rag.reading.readers.minilm import Minilm as Reader
from rag.reading.support import Support
from rag.scoring.sentences import sentence_spans
from rag.training._reader_data import Example, Side, held_out

DATA = Path(__file__).parents[2] / "shared" / "data"
_NUMBER = re.compile(r"(?<![\w.,])\d[\d,.]*\d|(?<![\w.,])\d(?![\w.,])")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}")
_VERB = re.compile(r"\b(is|was|are|were|has|had|will|can|could|did|does)\b(?! not)")
_MIN_RELEVANCE = 0.5
_MIN_CLAUSE = 6  # words that are left when the last clause is left out
_SMALL = ("A", "An", "In", "It", "On", "The", "This")


def run(*, quick: bool, side: Side = "report") -> dict[str, Any]:
    """Measure on the questions of qa_nq_gold that are kept for reports; `quick` the first 150."""
    examples = held_out(DATA, side)
    examples = examples[:150] if quick else examples
    support = Support(Minilm(), Reader())
    rows = []
    for name, judge in (("any", lambda *_: True), ("support", _judge(support))):
        rows.append({"what": name, **_figures(examples, judge)})
    return {"machine": machine(), "settings": {"questions": len(examples)}, "rows": rows}


def _judge(support: Support) -> Callable[[str, Example], bool]:
    def judge(sentence: str, example: Example) -> bool:
        passage = Passage(
            "c", "d", 1, "d", example.title, None, 0, len(example.context), 0.0, example.context
        )
        evidence = support.evidence(sentence, [passage], question=example.question)
        return evidence is not None and evidence.relevance >= _MIN_RELEVANCE

    return judge


def _figures(examples: Sequence[Example], judge: Callable[[str, Example], bool]) -> dict[str, float]:
    chooser = random.Random(0)  # noqa: S311 -- which word is changed
    kept: dict[str, list[bool]] = {}
    for number, example in enumerate(examples):
        sentence = _answering(example)
        others = examples[number - 1]
        for kind, text in (*_true(sentence), *_false(sentence, example, others, chooser)):
            kept.setdefault(kind, []).append(judge(text, example))
    true = [each for kind, found in kept.items() if kind in ("verbatim", "reworded") for each in found]
    false = [each for kind, found in kept.items() if kind not in ("verbatim", "reworded") for each in found]
    precision = sum(true) / max(1, sum(true) + sum(false) * len(true) / max(1, len(false)))
    recall = sum(true) / len(true)
    return {
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        **{kind: round(sum(found) / len(found), 4) for kind, found in kept.items()},
        "sentences": len(true) + len(false),
    }


def _answering(example: Example) -> str:
    start, _ = example.answers[0]
    return next(example.context[a:b] for a, b in sentence_spans(example.context) if a <= start < b)


def _true(sentence: str) -> Iterator[tuple[str, str]]:
    yield "verbatim", sentence
    shorter = sentence.rpartition(", ")[0]
    said = f"{shorter}." if len(shorter.split()) >= _MIN_CLAUSE else sentence
    first = said.split()[0]
    yield (
        "reworded",
        f"According to the text, {first.lower() if first in _SMALL else first}{said[len(first) :]}",
    )


def _false(
    sentence: str, example: Example, other: Example, chooser: random.Random
) -> Iterator[tuple[str, str]]:
    if numbers := list(_NUMBER.finditer(sentence)):
        match = chooser.choice(numbers)
        digits = match[0].replace(",", "").replace(".", "")
        changed = str(int(digits) + chooser.choice([1, 2, 7, 10]))
        yield "number", sentence[: match.start()] + changed + sentence[match.end() :]
    names = [match[0] for match in _NAME.finditer(other.context) if match[0] not in example.context]
    if (mine := list(_NAME.finditer(sentence))) and names:
        match = chooser.choice(mine)
        yield "name", sentence[: match.start()] + chooser.choice(names) + sentence[match.end() :]
    if verb := _VERB.search(sentence):
        yield "negation", f"{sentence[: verb.end()]} not{sentence[verb.end() :]}"
    elif re.search(r"\bnot\b", sentence):
        yield "negation", re.sub(r" not\b", "", sentence, count=1)
