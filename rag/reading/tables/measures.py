"""What a quantity, a place or a person is called, and how it is asked for: "how heavy" is of the weight.

Words of English; pure functions.
"""

import re
from collections.abc import Mapping

from rag.scoring.words import content_words

__all__ = ["is_of_all_units", "of_all_units", "same_measure", "with_words_of_columns"]

_MEASURES = tuple(
    frozenset(content_words(words))
    for words in (
        "cost price fee rate fare tariff rent expensive cheap euro eur dollar usd",
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
        "date",
        "start begin join",
        "quantity qty stock count available left remaining",
    )
)
_ONLY_ASKED = frozenset(  # "Large" is the name of no measure, but of a thing
    content_words("expensive cheap heavy long high tall wide deep fast large big old loud hot warm cold")
)
_ATTRIBUTE = re.compile(  # it says which thing, not what of it is asked for
    r"\b(?:an?|the|my|our|your) (?:heavy|long|high|tall|wide|deep|fast|large|big|old|hot|warm|cold)"
    r"(?= \w)",
    re.IGNORECASE,
)
_IMPLIED = (  # what a question asks for without a word of it
    (re.compile(r"\bhow much (?:is|are|was|were|for)\b", re.I), frozenset(content_words("cost"))),
    (re.compile(r"\bwhere\b", re.I), frozenset(content_words("location"))),
    (
        re.compile(r"\bwhen\b|^\W*(?:what(?:['’]s| is| was) )?(?:the )?(?:\w+ )?deadline\b", re.I),
        frozenset(content_words("date")),
    ),
    (re.compile(r"\bhow many\b", re.I), frozenset(content_words("quantity"))),
)
_OF_ONE = re.compile(r"\b(?:unit|each|per|rate|one|single)\b", re.IGNORECASE)
_OF_ALL = re.compile(r"(?:(?:line|net) )?(?:amount|total|sum)(?: \([^()]*\))?", re.IGNORECASE)
_AGENTS = ("er", "r", "or")  # who supplies it is its supplier
_STANDS_FOR = re.compile(r"\bstands? for\b", re.IGNORECASE)
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
    >>> bool(same_measure("How big is it?", "Large")), bool(same_measure("How big is it?", "Area"))
    (False, True)
    >>> [bool(same_measure("How much is a large plot?", name)) for name in ("Area", "Rent per year")]
    [False, True]
    >>> bool(same_measure("When is the fair?", "Date")), bool(same_measure("When is the fair?", "Days"))
    (True, False)
    """
    asked, named = set(content_words(_ATTRIBUTE.sub(" ", question))), set(content_words(name)) - _ONLY_ASKED
    agents = {word for word in asked if named.intersection(word + ending for ending in _AGENTS)}
    asked = asked.union(*(words for pattern, words in _IMPLIED if pattern.search(question)))
    same = (words for words in _MEASURES if words & asked and words & named)
    return frozenset().union(*same, agents, named if agents else ())


def with_words_of_columns(question: str) -> str:
    """Write how late something is open, and what it stands for, with the word of the column that says it.

    >>> with_words_of_columns("how late are you open on fridays"), with_words_of_columns("when do you open")
    ('when are you close on fridays', 'when do you open')
    >>> with_words_of_columns("What does E4 stand for?")
    'What does E4 mean?'
    """
    return _STANDS_FOR.sub("mean", _HOW_LATE.sub(r"when\1close", question))


def is_of_all_units(name: str) -> bool:
    """Say whether a column is of what all units of its rows come to: "Amount (EUR)"."""
    return _OF_ALL.fullmatch(name.strip()) is not None


def of_all_units(question: str, column: int, named: Mapping[int, str]) -> int:
    """Give in place of a column of unit prices that of the amounts, unless one unit is asked about.

    >>> named = {1: "Qty", 2: "Unit price", 3: "Amount"}
    >>> [of_all_units(f"How much did {what} cost?", 2, named) for what in ("the sockets", "each socket")]
    [3, 2]
    """
    if _OF_ONE.search(question) or not _OF_ONE.search(named[column]):
        return column
    amounts = [n for n, name in named.items() if is_of_all_units(name)]
    return amounts[0] if len(amounts) == 1 else column
