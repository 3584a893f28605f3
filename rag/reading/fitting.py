"""Which of a reader's spans cannot answer, whatever their score: they say what the question says.

Knows words of English; pure functions.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from rag.core.types import AnswerSpan, Passage
from rag.reading.answer_types import may_be_asked
from rag.reading.dates import days_of
from rag.reading.features import Unit
from rag.reading.heads import answers_as_heading, heading_answer, told_below
from rag.reading.items import (
    asked_things,
    item_amount,
    item_label,
    item_property,
    item_text,
    label_of,
    stated_property,
)
from rag.reading.lists import is_item
from rag.reading.numbered import is_of_another, is_of_another_name, numbers_of
from rag.reading.prose import asks, num_fields
from rag.reading.questions import wants_sentences
from rag.reading.roles import role_holder
from rag.reading.spans import UNREAD
from rag.scoring.rows import is_row
from rag.scoring.words import content_words

__all__ = ["fitting"]

_PAIRS = (
    ("check(?:ing)?[- ]?in", "check(?:ing)?[- ]?out"),
    ("pick(?:ed|ing)?[- ]?up", "drop(?:ped|ping)?[- ]?off"),
    (r"arriv\w*", r"depart\w*"),
    ("indoors?", "outdoors?"),
    ("minimum", "maximum"),
    ("primary", "secondary"),
    ("adults?", "child(?:ren)?|kids?"),
    ("entrance", "exit"),
    ("winter", "summer"),
    ("weekdays?", "weekends?"),
    (r"import\w*", r"export\w*"),
    ("inbound", "outbound"),
)
_OPPOSITES = tuple(
    (re.compile(rf"\b(?:{one})\b", re.IGNORECASE), re.compile(rf"\b(?:{other})\b", re.IGNORECASE))
    for pair in _PAIRS
    for one, other in (pair, pair[::-1])
)
_ASKS_PERSON = re.compile(r"\W*(?:and |so |by |to |for )?who(?:m|se)?\b", re.IGNORECASE)
_ASKS_AMOUNT = re.compile(r"\W*(?:how (?:much|many)|what (?:is|are|was|were|does|do|did))\b", re.IGNORECASE)
_OFFERS = re.compile(r"\bor\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_BEFORE = 2  # words before a span that tell its kind: "after the war"
_STATED, _SURE = 1.0, 2.0  # what a role in brackets is worth over the best that was read, or over this


def fitting(
    question: str, passages: Sequence[Passage], units: Sequence[Unit], spans: Sequence[AnswerSpan]
) -> list[AnswerSpan]:
    """Give the spans, those that cannot answer with the score of what is not read, and names of roles.

    Such a span has no word but the question's, of which none is a choice that the question offers, stands
    in a heading or a table's header, in a sentence that asks the same, that is of other days of the week
    than the question's (but a yes or no may need such a one), of another number ("evening 2" for 3) or name
    ("the Basic plan" for Family), of the opposite (check-in for check-out), or in an item of a list beside
    the one whose label or whose thing of "how much" the question says, or in one whose date or version is
    asked for and stands in the heading above. It is what a thing is called by, 7
    of "Studio 7", holds two fields of a header, is no time, number or size where the question asks for one,
    or is code where it asks for a person.

    Args:
        question: what is asked.
        passages: where the spans stand.
        units: of these passages, in order.
        spans: what a reader found.
    """
    asked = frozenset() if _OFFERS.search(question) else frozenset(content_words(question))
    wanted = frozenset(content_words(question))
    days = frozenset() if wants_sentences(question) else days_of(question)
    starts = [(unit.passage, unit.start) for unit in units]
    is_person = _ASKS_PERSON.match(question) is not None
    others = _items_beside(question, units) | _of_another(question, units) | _dated(question, units)
    is_amount = _ASKS_AMOUNT.match(question) is not None
    found = []
    for span in spans:
        number = bisect_right(starts, (span.passage, span.start)) - 1
        unit = units[number]
        text = passages[span.passage].text
        words = content_words(text[span.start : span.end])
        before = " ".join(text[unit.start : span.start].split()[-_BEFORE:])
        start, end = span.start - unit.start, span.end - unit.start
        is_name = is_amount and _is_name(question, unit.text, start, end)
        is_asked = bool(words) and asked.issuperset(words)
        behind = " ".join(text[span.end : unit.end].split(maxsplit=1)[:1])
        is_other_kind = not may_be_asked(question, f"{before} {text[span.start : span.end]}", behind)
        is_header = (is_row(unit.text) and not unit.place.cells) or num_fields(
            text[span.start : span.end]
        ) > 1
        told = days_of(unit.text) if days else days
        is_other_day = bool(told) and not days & told
        asks_it = asks(unit.text) and wanted <= unit.words
        cannot = (
            (unit.is_heading and not answers_as_heading(question, unit))
            or is_header
            or is_asked
            or is_name
            or asks_it
            or is_other_day
            or is_other_kind
            or (is_person and unit.is_code)
            or number in others
        )
        found.append(replace(span, score=UNREAD) if cannot else span)
    best = max((span.score for span in found), default=_SURE)
    return [*_stated(question, units, others, max(best, _SURE)), *found]


def _is_name(question: str, text: str, start: int, end: int) -> bool:
    """Say whether a number is part of a name of the question's thing, and the text has another number.

    The word before it is written as a name, and begins no line: "Population 5400" tells a number.
    """
    name = re.search(r"\w[^\n]* ([A-Z][a-z]+) \Z", text[:start]) if text[start:end].isdigit() else None
    has_other = _DIGIT.search(text[:start] + text[end:]) is not None
    if name is None or not has_other:
        return False
    return re.search(rf"\b{name[1]}\b", question, re.IGNORECASE) is not None


def _items_beside(question: str, units: Sequence[Unit]) -> set[int]:
    """Give the items of a passage, by number, that have another label or thing than the one asked about."""
    asked = frozenset(content_words(question))
    labels = {number: content_words(label_of(unit.text)) for number, unit in enumerate(units)}
    labelled = {number for number, words in labels.items() if words}
    named = {
        n for n in labelled if asked.issuperset(labels[n]) and not units[n].about.issuperset(labels[n])
    }
    things = asked_things(question)
    measured = {
        n for n, unit in enumerate(units) if things and is_item(unit.text) and _DIGIT.search(unit.text)
    }
    told = {number for number in measured if things & units[number].words}
    return _beside(units, named, labelled) | _beside(units, told, measured)


def _beside(units: Sequence[Unit], asked: Set[int], items: Set[int]) -> set[int]:
    passages = {units[number].passage for number in asked}
    return {number for number in items - asked if units[number].passage in passages}


def _dated(question: str, units: Sequence[Unit]) -> set[int]:
    """Give the sentences, by number, whose date or version is asked for and stands in a heading above."""
    told = {(each.passage, each.start) for unit in units for each in told_below(question, unit) or ()}
    return {number for number, unit in enumerate(units) if (unit.passage, unit.start) in told}


def _of_another(question: str, units: Sequence[Unit]) -> set[int]:
    """Give the units, by number, that are of another thing of the kind or say the opposite."""
    numbers = numbers_of(question)
    sides = [
        (one, other) for one, other in _OPPOSITES if one.search(question) and not other.search(question)
    ]
    return {
        number
        for number, unit in enumerate(units)
        if is_of_another(question, numbers, unit.text)
        or is_of_another_name(question, unit.text, unit.words | unit.about)
        or any(other.search(unit.text) and not one.search(unit.text) for one, other in sides)
    }


def _stated(question: str, units: Sequence[Unit], others: Set[int], best: float) -> Iterator[AnswerSpan]:
    """Give the names whose role, labels whose text, properties, amounts and dates that are asked for.

    They go before all that was read.
    """
    amounts: dict[str, AnswerSpan] = {}
    for unit in (each for number, each in enumerate(units) if number not in others):
        holder = (
            role_holder(question, unit.text, unit.about)
            or item_label(question, unit.text, unit.about)
            or item_property(question, unit.text, unit.about)
            or item_text(question, unit.text, unit.about)
            or stated_property(question, unit.text, unit.about)
            or heading_answer(question, unit)
        )
        if holder is not None:
            yield AnswerSpan(unit.passage, unit.start + holder[0], unit.start + holder[1], best + _STATED)
        if (amount := item_amount(question, unit.text, unit.about)) is not None:
            start, end = amount
            span = AnswerSpan(unit.passage, unit.start + start, unit.start + end, best + _STATED)
            amounts.setdefault(unit.text[start:end], span)
    if len(amounts) == 1:  # of several it is open which is asked for
        yield from amounts.values()
