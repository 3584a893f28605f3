"""Things that are told apart by a number: "PEP 572", "invoice 1042", "HX-240"; pure functions.

A passage about another of them says the same words, so that it is found and read like the one asked about.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from rag.core.types import Passage
from rag.scoring.words import content_words

__all__ = ["of_asked_number"]

_NUMBERED = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{2,})[\s:#`*-]{0,3}(?:no\.\s?|#)?(\d+(?:\.\d+)*)(?![\w%])", re.IGNORECASE
)
_MONTH = re.compile(r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*", re.IGNORECASE)


def of_asked_number(question: str, passages: Sequence[Passage]) -> list[Passage]:
    """Give the passages but for those about another number of what the question names by one.

    Their title or headings name it with other numbers, and the asked one stands nowhere in them. Days of
    months are no such numbers: they are written in too many ways.

    >>> other, asked = (Passage("", "", 1, "", f"Invoice {n}", None, 0, 9, 1.0, "Sum: 89") for n in (7, 8))
    >>> [passage.title for passage in of_asked_number("What is the sum of invoice 8?", [other, asked])]
    ['Invoice 8']
    >>> len(of_asked_number("What is the sum of the invoice?", [other, asked]))
    2
    """
    asked = _numbers(question)
    return [passage for passage in passages if not _is_of_another(asked, passage)] if asked else [*passages]


def _is_of_another(asked: Mapping[str, set[str]], passage: Passage) -> bool:
    about = _numbers(". ".join((passage.title, *passage.heading)))
    others = [word for word, numbers in asked.items() if about.get(word, set()) - numbers]
    if not others:
        return False
    held = _numbers(passage.text)
    return any(asked[word].isdisjoint(about[word] | held.get(word, set())) for word in others)


def _numbers(text: str) -> dict[str, set[str]]:
    """Give the numbers that follow each word, which is stemmed."""
    found = defaultdict[str, set[str]](set)
    for word, number in _NUMBERED.findall(text):
        if not _MONTH.fullmatch(word):
            for stem in content_words(word):
                found[stem].add(number)
    return found
