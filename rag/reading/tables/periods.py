"""Periods as the columns of reports name them, and as questions do: "Three Months Ended" is a quarter.

Knows words of English and years; pure functions.
"""

import re

from rag.reading.dates import year_and_month
from rag.scoring.words import content_words

__all__ = ["LENGTH_WORDS", "PERIOD_WORDS", "is_other_period", "num_same_lengths", "rates_of", "says_period"]

_PERIODS = (  # how a question names a period's length -> how the columns of reports do
    (
        re.compile(r"\bq[1-4]\b|\bquarter(?:ly)?\b|\bthree months\b", re.I),
        re.compile(r"\bthree months\b", re.I),
    ),
    (
        re.compile(r"\bsix months\b|\bfirst half\b|\bhalf[- ]year\b", re.I),
        re.compile(r"\bsix months\b", re.I),
    ),
    (re.compile(r"\bnine months\b", re.I), re.compile(r"\bnine months\b", re.I)),
    (
        re.compile(r"\btwelve months\b|\b(?:full|fiscal|whole) year\b|\bannual(?:ly)?\b", re.I),
        re.compile(r"\b(?:twelve months|year ended|fiscal year)\b", re.I),
    ),
)
PERIOD_WORDS = frozenset(content_words("q1 q2 q3 q4 quarter first second third fourth fiscal year month"))
LENGTH_WORDS = frozenset(content_words("quarter first second third fourth fiscal year month"))
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_TIME = r"second|minute|hour|day|night|week|month|quarter|year"
_RATE = re.compile(rf"\b(?:(?:per|an?|each|every) ({_TIME})|({_TIME})ly)\b", re.IGNORECASE)


def is_other_period(question: str, name: str) -> bool:
    """Say whether a column is of another year than the question's, of a period of another length, or rate.

    >>> is_other_period("What does it cost per year?", "Price per month")
    True
    """
    asked_years, years = set(_YEAR.findall(question)), set(_YEAR.findall(name))
    # A fiscal year has another number.
    is_fiscal = "fiscal" in question.lower() and "fiscal" not in name.lower()
    if asked_years and years and not is_fiscal and not asked_years & years:
        return True
    asked_rates, rates = rates_of(question), rates_of(name)
    if asked_rates and rates and not asked_rates & rates:
        return True
    asked_lengths = {names for asks, names in _PERIODS if asks.search(question)}
    lengths = {names for _, names in _PERIODS if names.search(name)}
    return bool(asked_lengths and lengths and not asked_lengths & lengths)


def rates_of(text: str) -> set[str]:
    """Give the times that something is said to be per.

    >>> sorted(rates_of("Fee per month, or a yearly one")), rates_of("in two months")
    (['month', 'year'], set())
    """
    return {(per or each).lower() for per, each in _RATE.findall(text)}


def says_period(question: str, name: str) -> bool:
    """Say whether a column is of a period, and of none other than the question's."""
    return bool(name) and not is_other_period(question, name) and year_and_month(name) is not None


def num_same_lengths(question: str, name: str) -> int:
    """Count the lengths of a period that both say.

    >>> num_same_lengths("What were sales in Q3?", "Three Months Ended September 30")
    1
    """
    return sum(bool(asks.search(question) and names.search(name)) for asks, names in _PERIODS)
