"""What a reader's spans say of the sentences that they stand in; pure functions."""

import re
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from rag.core.types import AnswerSpan, Vector
from rag.reading.changes import asked_of_change
from rag.reading.clauses import asked_clause, duration, in_clause
from rag.reading.counts import asked_count
from rag.reading.features import Unit, coverage, weights_of
from rag.reading.fields import asked_field
from rag.reading.heads import answers_as_heading
from rag.reading.pairs import paired_amount
from rag.reading.prose import asks, defines, is_address, is_code, is_front_matter, is_markup, num_fields
from rag.reading.questions import (
    asked_words,
    asks_how,
    naming_words,
    wants_sentences,
    without_measure,
)
from rag.reading.reader_coefficients import READER
from rag.scoring.words import content_words

__all__ = [
    "UNREAD",
    "answerable_features",
    "best_spans",
    "is_quotable",
    "likeliest",
    "read_features",
    "read_logits",
    "said_logits",
    "whole_logits",
]

_LIKELY = 2
_FEW = 5  # words of a question; with fewer, each that is missing tells the more
_UNITS = (
    "[ckm]?m|[mk]?g|m?l|EUR|USD|GBP|CHF|euros?|dollars?|pounds?|yen|hectares?|acres?|lit(?:re|er)s?"
    "|(?:kilo|centi)?met(?:re|er)s?|miles?|feet|tonn?e?s|watts?|volts?"
)
_WHOLE = re.compile(
    r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.\w[\w-]*)+|\b(?:https?://|www\.)[^\s|)>]*\w"
    r"|(?<=`)[\w.:/-]+(?=`)"  # a name in code
    r"|(?<![\w-])\d{4}-\d\d-\d\d(?![\w-])"
    rf"|(?<![\w.,:])(?:[-−]|[€$£] ?)?\d+(?:[.,:]\d+)*(?: ?(?:%|°[CF]|m²|(?:{_UNITS})(?!\w)))?"
)
_ONE = r"\d{1,4}(?:[.:]\d{1,2})?(?: ?[ap]\.?m\b)?"
_RANGE = re.compile(
    rf"(?<![\w.,:–-])(?:between {_ONE} and {_ONE}|{_ONE} ?(?:[-–]|to|until) ?{_ONE})(?![\w–-]|[.,:]\d)",
    re.IGNORECASE,
)
_ASKS_END = re.compile(  # of a range
    r"\b(?:start|begin|end|finish|clos|leav|depart|arriv|return|min|max|earl|late|first|last|least|most|until|till"
    r"|(?:do|does|did|will)\b.{1,60}\bopen|opens)",
    re.IGNORECASE,
)
_SAID = 1.0  # the logit of a sentence that says what is asked, of a question that no few words answer
_HEADER = 3  # fields of a line; with so many it is no sentence
_ASKS_QUESTION = re.compile(r"\b(?:questions?|asks?|asked|asking)\b", re.IGNORECASE)
_ASKS_ADDRESS = re.compile(r"\b(?:address|link|url|web|website|site|page|online|where)\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_NEXT_FIELD = re.compile(r"\s*\n(?=[^\s:]{1,60}: )")
UNREAD = -12.0  # the score of a sentence in which no span is among the best


def read_features(question: str, units: Sequence[Unit], spans: Sequence[AnswerSpan]) -> Vector:
    """Give (N, 3) float32, a row a unit: the score of its best span, what the search and its words say.

    Columns: score; 1 / the rank of its passage (they are those of a search, best first); share of the
    question's weighted words in the unit itself. A reader takes the sentence beside for the one that is
    asked about where both are of its kind: "Invoices are kept for six years."
    """
    best: dict[tuple[int, int], float] = {}
    starts = [(unit.passage, unit.start) for unit in units]
    for span in spans:
        place = starts[bisect_right(starts, (span.passage, span.start)) - 1]
        best[place] = max(span.score, best.get(place, UNREAD))
    weights = _weights(question, units)
    rows = [
        (best.get(start, UNREAD), 1 / (1 + start[0]), coverage(weights, unit.words))
        for start, unit in zip(starts, units, strict=True)
    ]
    return np.array(rows, dtype=np.float32)


def answerable_features(
    question: str,
    units: Sequence[Unit],
    logits: Vector,
    *,
    without: float,
    told: frozenset[str] = frozenset(),
) -> Vector:
    """Give (3,) float32: the best unit's logit, that without a reader, and how telling a missing word is.

    The last is 0 where the best unit's passage, with title and headings, has all `naming_words`, or where
    the question has five words or more; else the more the fewer it has: "How much is the bonus?".

    Args:
        question: what is asked.
        units: at least one.
        logits: (N,) how likely each answers.
        without: of `Support.answerable_unread`.
        told: words that cells of tables stand for, as a superlative: they are not missing.
    """
    open_logits = np.where([is_quotable(question, unit) for unit in units], logits, logits.min())
    passage = units[int(open_logits.argmax())].passage
    held = frozenset[str]().union(*(unit.words | unit.about for unit in units if unit.passage == passage))
    num_words = len({*(content_words(without_measure(question)) or content_words(question))})
    is_missing = not held.union(told).issuperset(naming_words(question))
    missing = max(_FEW - num_words, 0) / (_FEW - 1) if is_missing else 0.0
    return np.array([open_logits.max(), without, missing], dtype=np.float32)


def _weights(question: str, units: Sequence[Unit]) -> dict[str, float]:
    return weights_of(dict.fromkeys(asked_words(question)), units)


def read_logits(question: str, units: Sequence[Unit], spans: Sequence[AnswerSpan]) -> Vector:
    """Give (N,) float32: how likely each unit answers, as a reader sees it."""
    bias, *weights = READER.answers
    logits: Vector = bias + read_features(question, units, spans) @ np.array(weights, dtype=np.float32)
    return logits


def said_logits(question: str, units: Sequence[Unit], read: Vector) -> Vector:
    """Give (N,) float32: no less than `_SAID` for a sentence that says a question which asks for no span.

    It has half of the words, and with its title, its headings and the sentence before all of them; or it
    defines what is asked for, and then counts double. A reader of spans finds none in "Do not use vinegar."
    for "can i use vinegar". Code says how something is done, together with what leads to it. What stands
    below a question that has all words of the one asked answers it, whatever that asks for.
    """
    words = frozenset(asked_words(question))
    asked = words if wants_sentences(question) else frozenset()
    is_how = asks_how(question)
    logits = read.copy()
    before: Unit | None = None
    for number, unit in enumerate(units):
        lead = before.words if before is not None and before.passage == unit.passage else frozenset()
        is_answer = bool(lead) and before is not None and asks(before.text)
        is_led = unit.is_code or is_answer
        own = unit.words | lead if is_led else unit.words
        is_said = asked <= unit.words | unit.about | lead and 2 * len(asked & own) >= len(asked)
        is_prose = is_quotable(question, unit) and not is_code(unit.text)
        if asked and is_said and (is_how if unit.is_code else is_prose):
            logits[number] = max(logits[number], _SAID)
        if is_answer and is_prose and words and words <= lead | unit.about:
            logits[number] = max(logits[number], _SAID)
        if asked and is_prose and defines(question, unit.text):
            logits[number] = max(logits[number], 2 * _SAID)
        before = unit
    return logits


def is_quotable(question: str, unit: Unit) -> bool:
    """Say whether a unit may be an answer.

    A heading without the date or version that is asked for, markup or front matter is none, nor is a
    question or an address unless one is asked for, nor a header of fields or a row of figures to what
    sentences alone answer.
    """
    if asks(unit.text) and not _ASKS_QUESTION.search(question):
        return False
    if unit.is_heading and not answers_as_heading(question, unit):
        return False
    if is_markup(unit.text) or is_front_matter(unit.text):
        return False
    if wants_sentences(question) and (num_fields(unit.text) >= _HEADER or _is_of_figures(unit)):
        return False
    return not is_address(unit.text) or _ASKS_ADDRESS.search(question) is not None


def _is_of_figures(unit: Unit) -> bool:
    cells = [unit.text[slice(*span)] for span in unit.place.cells[1:]]
    return bool(cells) and not any(_WORDS.search(cell) for cell in cells)


def likeliest(read: Vector, words: Vector) -> list[int]:
    """Give the numbers of the units that may decide: the two likeliest by what is read, and by words.

    Vectors of these alone tell as well whether there is an answer as those of all: AUC 0.9024 and 0.9023
    (docs/experiments/answers.md).

    Args:
        read: (N,) `read_logits`.
        words: (N,) how likely each unit answers by its words.
    """
    best = [np.argsort(-logits, kind="stable")[:_LIKELY].tolist() for logits in (read, words)]
    return sorted({*best[0], *best[1]})


def whole_logits(read: Vector, unread: Vector) -> Vector:
    """Give (N,) float32: how likely each unit answers a question that a few words do not answer.

    What words and vectors say of it counts as much as what is read in it: the best sentence is the right
    one for 0.88 of such questions, 0.83 by what is read and 0.73 by the others
    (docs/experiments/answers.md).

    Args:
        read: (N,) `read_logits`.
        unread: (N,) of words and vectors.
    """
    logits: Vector = ((read + unread) / 2).astype(np.float32)
    return logits


def best_spans(
    question: str, units: Sequence[Unit], spans: Sequence[AnswerSpan]
) -> dict[int, tuple[int, int]]:
    """Give the best span that begins in each unit, cut at its end; of the clause that is asked about."""
    found: dict[int, list[tuple[int, int]]] = {}
    starts = [(unit.passage, unit.start) for unit in units]
    for span in spans:  # best first
        number = bisect_right(starts, (span.passage, span.start)) - 1
        start, end = _whole(question, span.start, span.end, units[number])
        found.setdefault(number, []).append(_trimmed(start, end, units[number]))
    return {number: _asked(question, units[number], places) for number, places in found.items()}


def _asked(question: str, unit: Unit, places: Sequence[tuple[int, int]]) -> tuple[int, int]:
    if (amount := paired_amount(question, unit.text)) is not None:
        return amount[0] + unit.start, amount[1] + unit.start
    inside = [(start - unit.start, end - unit.start) for start, end in places]
    if (field := asked_field(question, unit.text, inside)) is not None:
        return field[0] + unit.start, field[1] + unit.start
    clause = asked_clause(question, unit.text, unit.text[slice(*inside[0])])
    if clause is None:
        span = asked_of_change(question, unit.text, inside[0])
        start, end = duration(question, unit.text, asked_count(question, unit.text, span))
        return start + unit.start, end + unit.start
    start, end = asked_count(question, unit.text, in_clause(question, unit.text, clause, inside))
    return _trimmed(start + unit.start, end + unit.start, unit)


def _whole(question: str, start: int, end: int, unit: Unit) -> tuple[int, int]:
    """Widen a span that begins or ends within an address, a name in code, an amount, or a range of times.

    Not to the range where the question asks for an end of it: "When does it close?".
    """
    for whole in (_WHOLE,) if _ASKS_END.search(question) else (_WHOLE, _RANGE):
        for match in whole.finditer(unit.text):
            first, last = match.start() + unit.start, match.end() + unit.start
            if start < last and first < end:
                start, end = min(start, first), max(end, last)
    return start, end


def _trimmed(start: int, end: int, unit: Unit) -> tuple[int, int]:
    """Leave out what ends the sentence or the cell and not the answer; "U.S." keeps its points.

    So with half of a pair of brackets at either end, and with a next line that begins as a field does.
    """
    words = unit.text[start - unit.start : end - unit.start]
    if unit.place.cells:
        words = words.partition(" | ")[0].removesuffix("|").rstrip()
    if (field := _NEXT_FIELD.search(unit.text, start - unit.start)) is not None:
        words = words[: max(field.start() - (start - unit.start), 0)] or words
    kept = words.rstrip(",;:")
    if kept.count(".") == 1:
        kept = kept.rstrip(".")
    for opening, closing in ("()", "[]", "“”"):
        kept = kept if opening in kept else kept.partition(closing)[0] or kept
        if closing not in kept:
            kept = kept.removeprefix(opening)
        if opening not in kept:
            kept = kept.removesuffix(closing)
    kept = kept or words
    return (start := start + words.index(kept)), start + len(kept)
