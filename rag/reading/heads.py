"""Headings that answer: the date or version of what stands under them, in changelogs, minutes and diaries.

Knows words of English; pure functions.
"""

import re

from rag.reading.dates import DATE, days_of, months_of
from rag.reading.features import Unit
from rag.reading.questions import asked_words
from rag.scoring.rows import has_year
from rag.scoring.words import content_words

__all__ = ["answers_as_heading", "heading_answer", "told_below"]

_ASKS_DATE = re.compile(r"\W*(?:and )?(?:when|(?:on )?(?:what|which) (?:date|day|year))\b", re.IGNORECASE)
_ASKS_PAST = re.compile(
    r"\W*(?:and )?(?:when|(?:on )?(?:what|which) (?:date|day)) (?:was|were|did|had)\b", re.IGNORECASE
)
_ASKS_VERSION = re.compile(
    r"\W*(?:and )?(?:in |since |from |with )?(?:what|which) (?:version|release)\b(?! of\b)", re.IGNORECASE
)
_VERSION = re.compile(
    r"(?<![\w.])v?\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?(?![\w.])|(?<=\bversion )\d+\b|(?<=\brelease )\d+\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")
_OF_VALIDITY = re.compile(
    r"\b(?:updated|revised|valid|effective|in force|from|as of|since|until|starting)\b", re.IGNORECASE
)
"""The date of an edition, which is of nothing that it tells."""
_OTHER_TIME = re.compile(
    r"\b(?:yesterday|today|tomorrow|noon|midnight|ago|last|next|earlier|later|previous(?:ly)?|had|when|while"
    r"|after|before|since|until|as an?)\b",
    re.IGNORECASE,
)
_OTHER_VERSION = re.compile(r"\b(?:in|since|until|before|by|from) v?\d+(?:\.\d+)+", re.IGNORECASE)
_NOT_SO = re.compile(
    r"\b(?:not|never|nobody|none|no(?! longer)|will|planned|proposed)\b|n['’]t\b", re.IGNORECASE
)
_NOT_YET = re.compile(
    rf"{_NOT_SO.pattern}|\b(?:shall|may|might|would|should|must|can|could|to be)\b", re.IGNORECASE
)
_VERSION_WORDS = frozenset(content_words("version release"))
_DATE_WORDS = frozenset(content_words("date day"))
_NEW = frozenset(content_words("new added introduced"))
_FIXED = frozenset(content_words("fixed"))
_GONE = frozenset(content_words("removed dropped deleted deprecated discontinued"))


def answers_as_heading(question: str, unit: Unit) -> bool:
    """Say whether a heading dates what a question asks the date of: "## 5.1.1 (2 September 2025)"."""
    if told_below(question, unit) is not None:
        return True
    if not (unit.is_heading and _ASKS_DATE.match(question) and has_year(unit.text)):
        return False
    asked = set(asked_words(question)) - (_VERSION_WORDS if _VERSION.search(unit.text) else set())
    named = set(content_words(DATE.sub(" ", unit.text)))  # not by the month or the day of its date
    return bool(asked & named) and asked <= named | unit.about


def heading_answer(question: str, unit: Unit) -> tuple[int, int] | None:
    """Give where a heading has the date or version that is asked for, if what happened is told below."""
    if told_below(question, unit) is None:
        return None
    found = _wanted(question).search(unit.text)
    return found and found.span()


def told_below(question: str, unit: Unit) -> tuple[Unit, ...] | None:
    """Give the sentence under a heading with a date or a version that says what happened then.

    It has half of the question's words, and with what it stands under all of them; it denies, plans or
    takes away no more than the question does, and names no other time or version itself. Before it stands
    the heading that it is under, if that is a lower one: "Removed". A lower heading with a date or a
    version of its own ends what this one dates; the date of an edition ("valid from") dates nothing.

    Args:
        question: what is asked: when something was, or which version did it.
        unit: that may be such a heading.
    """
    asks = _ASKS_VERSION.match(question) or _ASKS_PAST.match(question)
    if not unit.below or asks is None:
        return None
    wanted, is_version = _wanted(question), _ASKS_VERSION.match(question) is not None
    if wanted.search(unit.text) is None or (not is_version and _OF_VALIDITY.search(unit.text)):
        return None
    asked = set(asked_words(question)) - (_VERSION_WORDS if _VERSION.search(unit.text) else _DATE_WORDS)
    lower: tuple[Unit, ...] = ()
    for told in unit.below:
        if told.is_heading and (wanted.search(told.text) or has_year(told.text)):
            return None
        if told.is_heading:
            lower = (told,)
            continue
        known = told.words | told.about
        new = asked - _NEW if known & _NEW and not known & (_GONE | _FIXED) else asked
        is_told = 2 * len(new & told.words) >= len(new) > 0 and new <= known
        if is_told and _agrees(question[asks.end() :], told, asked, is_version=is_version):
            return *lower, told
    return None


def _agrees(rest: str, told: Unit, asked: set[str], *, is_version: bool) -> bool:
    """Say whether a sentence tells what was, or what a version did, and when only by its heading.

    Args:
        rest: of the question, behind what it asks for.
        told: the sentence.
        asked: words of the question.
        is_version: whether a version is asked for.
    """
    moods = _NOT_SO if is_version else _NOT_YET
    if bool(moods.search(told.text)) != bool(moods.search(rest)):
        return False
    if (told.words | told.about) & _GONE and not asked & _GONE:
        return False
    if is_version:
        return _OTHER_VERSION.search(told.text) is None
    others = {*_NUMBER.findall(told.text)}.difference(_NUMBER.findall(rest))
    times = {*_words(_OTHER_TIME, told.text)}.difference(_words(_OTHER_TIME, rest))
    return not (others or times or days_of(told.text) or months_of(told.text))


def _words(pattern: re.Pattern[str], text: str) -> list[str]:
    return [word.lower() for word in pattern.findall(text)]


def _wanted(question: str) -> re.Pattern[str]:
    return _VERSION if _ASKS_VERSION.match(question) else DATE
