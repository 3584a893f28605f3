"""What a quantity is called, and how it is asked for: "how heavy" and "weigh" are of the weight.

Words of English; pure functions.
"""

import re
from collections.abc import Iterable

from rag.scoring.words import content_words

__all__ = ["same_measure", "when_closed"]

_MEASURES = tuple(
    frozenset(content_words(words))
    for words in (
        "cost price fee expensive cheap euro eur dollar usd",
        "weight weigh heavy mass",
        "length long",
        "duration time take last long",
        "height high tall",
        "width wide",
        "depth deep",
        "speed fast",
        "size area large big",
        "age old",
        "noise loud sound",
        "temperature hot warm cold",
        "capacity hold",
    )
)
_HOW_MUCH = re.compile(r"\bhow much (?:is|are|was|were|for)\b", re.IGNORECASE)
_HOW_LATE = re.compile(
    r"\b(?:how late|(?:until|till) (?:when|what time))\b(.{0,80}?)\bopen\b", re.IGNORECASE
)
_COST = frozenset(content_words("cost"))


def same_measure(question: str, name: str) -> frozenset[str]:
    """Give the words of the quantity that the question asks for and the name is of; none if it is another.

    >>> sorted(same_measure("How heavy is the clamp?", "Weight (kg)"))
    ['heavi', 'mass', 'weigh', 'weight']
    >>> bool(same_measure("How much is the clamp?", "Price")), bool(same_measure("How old is it?", "Price"))
    (True, False)
    """
    asked, named = _with_cost(question, content_words(question)), set(content_words(name))
    return frozenset().union(*(words for words in _MEASURES if words & asked and words & named))


def when_closed(question: str) -> str:
    """Write a question of how late something is open with the word of the column that says it.

    >>> when_closed("how late are you open on fridays"), when_closed("when do you open")
    ('when are you close on fridays', 'when do you open')
    """
    return _HOW_LATE.sub(r"when\1close", question)


def _with_cost(question: str, words: Iterable[str]) -> set[str]:
    return {*words, *(_COST if _HOW_MUCH.search(question) else ())}
