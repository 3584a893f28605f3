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
    r"\W*(?:and )?(?:in |since |from |with )?(?:what|which) (?:version|release)\b", re.IGNORECASE
)
_VERSION = re.compile(
    r"(?<![\w.])v?\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?(?![\w.])|(?<=\bversion )\d+\b|(?<=\brelease )\d+\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")
_OTHER_TIME = re.compile(r"\b(?:yesterday|today|tomorrow|noon|midnight)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|never|nobody|none)\b|n['’]t\b", re.IGNORECASE)
_VERSION_WORDS = frozenset(content_words("version release"))
_DATE_WORDS = frozenset(content_words("date day"))
_NEW = frozenset(content_words("new added introduced"))
_OLD = frozenset(content_words("removed dropped deleted deprecated discontinued fixed"))


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

    It has half of the question's words, and with what it stands under all of them, and denies no more than
    the question does; of a date it names no other time itself. Before it stands the heading that it is
    under, if that is a lower one: "Removed".

    Args:
        question: what is asked: when something was, or which version did it.
        unit: that may be such a heading.
    """
    is_version = _ASKS_VERSION.match(question) is not None
    if not unit.below or not (is_version or _ASKS_PAST.match(question)):
        return None
    if _wanted(question).search(unit.text) is None:
        return None
    asked = set(asked_words(question)) - (_VERSION_WORDS if _VERSION.search(unit.text) else _DATE_WORDS)
    lower: tuple[Unit, ...] = ()
    for told in unit.below:
        if told.is_heading:
            lower = (told,)
            continue
        denies = bool(_NOT.search(told.text)) != bool(_NOT.search(question))
        known = told.words | told.about
        wanted = asked - _NEW if known & _NEW and not known & _OLD else asked
        is_told = 2 * len(wanted & told.words) >= len(wanted) > 0 and wanted <= known
        if is_told and not denies and (is_version or not _names_time(told.text, question)):
            return *lower, told
    return None


def _names_time(text: str, question: str) -> bool:
    """Say whether a text names a month, a day or a number that the question does not have."""
    others = {*_NUMBER.findall(text)}.difference(_NUMBER.findall(question))
    return bool(others or _OTHER_TIME.search(text) or days_of(text) or months_of(text))


def _wanted(question: str) -> re.Pattern[str]:
    return _VERSION if _ASKS_VERSION.match(question) else DATE
