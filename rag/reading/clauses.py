"""Which part of a sentence a question asks about, where one sentence gives several amounts or times.

"Readings are kept on the device for 30 days and in the archive for seven years." A reader of spans may mark
both times, or the wrong one. Knows clauses by their small words, those of English; pure functions.
"""

import re
from collections.abc import Sequence

from rag.reading.counts import NUMBER_WORDS
from rag.reading.dates import DAYS, days_of
from rag.reading.questions import asked_amount
from rag.scoring.words import content_words

__all__ = ["asked_clause", "duration", "in_clause"]

_PREPOSITION = r"(?:in|on|at|for|from|by|with|after|before|during|under|within|to|of|per)"
_NUMBER = rf"(?:\d[\d.,]*|{NUMBER_WORDS})\b"
_NAMED_TIME = (
    rf"(?:{'|'.join(day.title() for day in DAYS)}|January|February|March|April|May|June|July|August"
    r"|September|October|November|December)"
)
_BOUNDARY = re.compile(
    rf";\s+|,?\s+(?:while|whereas)\s+|,?\s+(?:and|but)\s+(?={_PREPOSITION}\b|(?:it|they|he|she|that|those)\b)"
    rf"|,\s+(?=(?:up|down) from\b|{_NUMBER} of (?:them|which|whom|these)\b"
    rf"|of (?:them|which|whom|these) {_NUMBER}|(?:on|in|at|from) {_NAMED_TIME})"
    rf"|,\s+(?:and|but)\s+(?={_NUMBER})|(?<!\d)\s+or\s+(?=[$€£]?\d)",
    re.IGNORECASE,
)
_SOME = "[^,;|]{0,40}?"
_CASE = rf"((?:(?:every|each|about|up to|at least) )?{_NUMBER}{_SOME} {_PREPOSITION} {_SOME})"
_TWO_CASES = re.compile(rf"\b{_CASE},? and {_CASE}(?=[,;|.]*(?:\s|$))(?! *\w)", re.IGNORECASE)
# "Shoes are hired for 4.50 a day, a harness for 3.50": the verb is said once.
_TWO_THINGS = re.compile(
    rf"([^,;|]{{0,120}}{_NUMBER}[^,;|]{{0,40}}), (?:and |but )?((?:an?|the|each|one) [^,;|]{{2,40}}?"
    rf" (?:for|at|costs?|is|are|takes?) [$€£]?{_NUMBER}[^,;|]{{0,40}})",
    re.IGNORECASE,
)
_COMPLEMENT = re.compile(rf"\b{_PREPOSITION}\b", re.IGNORECASE)
_WHEN = re.compile(r"\b(?:when|what time|(?:what|which) days?)\b", re.IGNORECASE)
_AT = re.compile(
    r"\b(?:\d{1,2}[:.]\d\d|\d{1,2}(?: ?[ap]\.?m\b| o'clock)|[12]\d{3}|\d{1,2} (?:to|until|-|–) \d{1,2}"
    rf"|{_NAMED_TIME})"
)
_WHAT = re.compile(r"\W*(?:and |(?:at|by|to) )?(?:what|which)\b", re.IGNORECASE)
_HOW_MUCH = re.compile(r"\bhow (?:much|many)\b", re.IGNORECASE)
_SO_MUCH = re.compile(rf"[$€£]?{_NUMBER}|\b(?:one|half|double|twice|free|nothing)\b", re.IGNORECASE)
_HOW_LONG = re.compile(r"\bhow long\b", re.IGNORECASE)
_DURATION = re.compile(
    rf"(?:\d[\d.,]*(?:(?: ?[-–] ?| to ){_NUMBER})?|{_NUMBER}|an?|half an?) "
    r"(?:(?:working|business|calendar) )?(?:second|minute|min|hour|day|night|week|month|year)s?\b",
    re.IGNORECASE,
)
_FURTHER = re.compile(
    rf"\b(?:(?:another|a further) {_DURATION.pattern}|{_DURATION.pattern} (?:more|longer)\b)", re.IGNORECASE
)
_NEW_CLAUSE = re.compile(r"[,;]|\b(?:and|then|or)\b", re.IGNORECASE)
_MAX_SENTENCE = 1000  # characters; a longer one has no clauses that can be told apart, and takes long
_DIGIT = re.compile(r"\d")
_Span = tuple[int, int]


def asked_clause(question: str, sentence: str, marked: str = "") -> _Span | None:
    """Give the clause that a question is about, None where that is open or there is only one.

    The question asks for an amount or a time, and two clauses have one. It is about the only clause that
    has a word of it where they differ: after the first's first preposition, or anywhere in a later one.

    Args:
        question: what is asked.
        sentence: with several amounts or times.
        marked: what was read as the answer; if that has a number, "what" asks for an amount.

    >>> kept = "Readings are kept on the device for 30 days and in the archive for seven years."
    >>> start, end = asked_clause("How long are readings kept in the archive?", kept)
    >>> kept[start:end]
    'in the archive for seven years.'
    >>> hire = "Shoes are hired for 4.50 EUR a day, a harness for 3.50 EUR."
    >>> [hire[slice(*asked_clause(f"How much are {things}?", hire))] for things in ("shoes", "harnesses")]
    ['Shoes are hired for 4.50 EUR a day', 'a harness for 3.50 EUR.']
    >>> asked_clause("Who kept readings in the archive?", kept) is None
    True
    >>> ferry = "It leaves at 07:10 on Mon-Fri and at 08:40 on Sat, Sun."
    >>> [ferry[slice(*asked_clause(f"When does it go on {day}?", ferry))] for day in ("Tuesday", "Sunday")]
    ['It leaves at 07:10 on Mon-Fri', 'at 08:40 on Sat, Sun.']
    >>> due = "It is due every 24 months for indoor models and every 12 months for outdoor models."
    >>> start, end = asked_clause("How often is it due for outdoor models?", due)
    >>> due[start:end]
    'every 12 months for outdoor models'
    >>> paid = "The fee was 90 EUR in 2024, up from 80 EUR a year before; students pay half."
    >>> for asked in ("How much do students pay?", "What was the fee the year before?"):
    ...     start, end = asked_clause(asked, paid, "90 EUR")
    ...     print(paid[start:end])
    students pay half.
    up from 80 EUR a year before
    """
    given = _given(question, marked) if len(sentence) <= _MAX_SENTENCE else None
    if given is not None and (case := _asked_case(question, sentence)) is not None:
        return case
    clauses = _clauses(sentence)
    if given is None or sum(given.search(sentence, *clause) is not None for clause in clauses) < 2:
        return None
    told = [_telling(sentence[slice(*clause)], is_first=clause[0] == 0) for clause in clauses]
    days = days_of(question) & frozenset().union(*told)
    asked = (days or _words(question)).difference(frozenset.intersection(*told))
    chosen = [clause for clause, words in zip(clauses, told, strict=True) if words & asked]
    return chosen[0] if len(chosen) == 1 else None


def _given(question: str, marked: str = "") -> re.Pattern[str] | None:
    """Give what the asked amount or time looks like; of when, times of day and days of the week besides."""
    if _WHEN.search(question):
        return _AT
    if _HOW_MUCH.search(question) or (_WHAT.match(question) and _DIGIT.search(marked)):
        return _SO_MUCH
    return asked_amount(question)


def _asked_case(question: str, sentence: str) -> _Span | None:
    """Give the amount with its case, of two that share a verb: by the words they do not share."""
    asked = _words(question)
    for match in (*_TWO_CASES.finditer(sentence), *_TWO_THINGS.finditer(sentence)):
        is_case = match.re is _TWO_CASES  # "five lamps with amber glass and two with clear glass"
        first, second = (_telling(part, is_first=is_case) for part in match.groups())
        is_first, is_second = bool(asked & (first - second)), bool(asked & (second - first))
        if is_first != is_second:
            return match.span(1 if is_first else 2)
    return None


def in_clause(question: str, sentence: str, clause: _Span, spans: Sequence[_Span]) -> _Span:
    """Give the best of a sentence's spans, cut to a clause; if none lies in it, what the clause gives.

    That, and what the cut leaves of a span that reached over the clause's border, begins with the kind of
    thing that is asked for. Where the clause has none of it, the best span is left as it is.

    Args:
        question: what is asked.
        sentence: where the spans stand.
        clause: start and end of the clause in the sentence.
        spans: starts and ends in the sentence, best first; at least one.
    """
    given = _given(question, sentence[slice(*spans[0])])
    for start, end in (*spans, clause):
        first, last = max(start, clause[0]), min(end, clause[1])
        if first >= last:
            continue
        if start < clause[0] or (start, end) == clause:
            found = given.search(sentence, first, last) if given else None
            if found is None:
                continue
            first = found.start()
        return first, last
    return spans[0]


def duration(question: str, sentence: str, span: _Span) -> _Span:
    """Give the time of a span that is to say how long, up to the last that the sentence adds to it.

    What it adds for something else, "then let it rest for another 50 minutes", does not count: the verb is
    neither of the question nor the one before.

    >>> step = "Bake at 240 °C for 15 minutes, then bake for another 40 minutes."
    >>> start, end = duration("How long does it bake?", step, (8, 29))
    >>> step[start:end]
    '15 minutes, then bake for another 40 minutes'
    >>> step = "Knead it for 10 minutes, then let the dough rest for another 50 minutes."
    >>> start, end = duration("How long do I knead the dough?", step, (13, 72))
    >>> step[start:end]
    '10 minutes'
    """
    first = _DURATION.search(sentence, *span) if _HOW_LONG.search(question) else None
    if first is None:
        return span
    same = frozenset(content_words(f"{question} {sentence[: first.start()]}"))
    further = list(_FURTHER.finditer(sentence, first.end()))
    ends = [match.end() for match in further if same.issuperset(_verb(sentence[: match.start()]))]
    is_of_others = not ends and any(match.start() < span[1] for match in further)
    end = ends[-1] if ends else first.end() if is_of_others else span[1]
    is_with_other = _DIGIT.search(sentence, span[0], first.start()) is not None  # "240 °C for 15 minutes"
    return (first.start() if ends or is_with_other else span[0]), end


def _verb(before: str) -> list[str]:
    """Give the first word of content of the clause that a text ends with, if it has one."""
    return content_words(_NEW_CLAUSE.split(before)[-1])[:1]


def _clauses(sentence: str) -> list[_Span]:
    borders = [match.span() for match in _BOUNDARY.finditer(sentence)]
    starts = [0, *(end for _, end in borders)]
    ends = [*(start for start, _ in borders), len(sentence)]
    return list(zip(starts, ends, strict=True))


def _telling(clause: str, *, is_first: bool) -> frozenset[str]:
    """Give the words by which a clause differs: what its subject and verb say holds for all."""
    begin = _COMPLEMENT.search(clause) if is_first else None
    if is_first and begin is None:
        return frozenset()
    return _words(clause[begin.start() :] if begin else clause)


def _words(text: str) -> frozenset[str]:
    """Give the stemmed words of a text, and the days that it names in short or within a range."""
    return days_of(text).union(content_words(text))
