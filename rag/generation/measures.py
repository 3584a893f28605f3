"""What a quantity, a place or a person is called, and how it is asked for: "how heavy" is of the weight.

Words of English; pure functions.
"""

import re

from rag.scoring.words import content_words

__all__ = ["same_measure", "when_closed"]

_MEASURES = tuple(
    frozenset(content_words(words))
    for words in (
        "cost price fee rate fare tariff expensive cheap euro eur dollar usd",
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
        "location place room venue address site",
        "quantity qty stock count available left remaining",
    )
)
_IMPLIED = (  # what a question asks for without a word of it
    (re.compile(r"\bhow much (?:is|are|was|were|for)\b", re.I), frozenset(content_words("cost"))),
    (re.compile(r"\bwhere\b", re.I), frozenset(content_words("location"))),
    (re.compile(r"\bhow many\b", re.I), frozenset(content_words("quantity"))),
)
_AGENTS = ("er", "r", "or")  # who supplies it is its supplier
_HOW_LATE = re.compile(
    r"\b(?:how late|(?:until|till) (?:when|what time))\b(.{0,80}?)\bopen\b", re.IGNORECASE
)


def same_measure(question: str, name: str) -> frozenset[str]:
    """Give the words of what the question asks for and the name is of; none if it is of something else.

    >>> sorted(same_measure("How heavy is the clamp?", "Weight (kg)"))
    ['heavi', 'mass', 'weigh', 'weight']
    >>> bool(same_measure("How much is the clamp?", "Price")), bool(same_measure("How old is it?", "Price"))
    (True, False)
    >>> bool(same_measure("Where is the glue?", "Location")), bool(same_measure("Who leads it?", "Leader"))
    (True, True)
    """
    asked, named = set(content_words(question)), set(content_words(name))
    agents = {word for word in asked if named.intersection(word + ending for ending in _AGENTS)}
    asked = asked.union(*(words for pattern, words in _IMPLIED if pattern.search(question)))
    same = (words for words in _MEASURES if words & asked and words & named)
    return frozenset().union(*same, agents, named if agents else ())


def when_closed(question: str) -> str:
    """Write a question of how late something is open with the word of the column that says it.

    >>> when_closed("how late are you open on fridays"), when_closed("when do you open")
    ('when are you close on fridays', 'when do you open')
    """
    return _HOW_LATE.sub(r"when\1close", question)
