"""Which of several things of a kind a text is of: of "evening 3" and not of "evening 2".

Knows words of English; pure functions.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Set

from rag.scoring.words import content_words

__all__ = ["is_of_another", "numbers_of"]

_NUMBERED = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{2,})[\s:#`*-]{0,3}(?:no\.\s?|#)?(\d+(?:\.\d+)*)(?![\w%])", re.IGNORECASE
)
_MONTH = re.compile(r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_RELATIVE = re.compile(
    r"\b(?:after|before|follow\w*|next|previous|preced\w*|then|than|until|since|last)\b", re.IGNORECASE
)


def numbers_of(text: str) -> dict[str, set[str]]:
    """Give the numbers that follow each word, which is stemmed; days of months are none.

    >>> numbers_of("Evening 3 in room 12, on May 4")
    {'evening': {'3'}, 'room': {'12'}}
    """
    found = defaultdict[str, set[str]](set)
    for word, number in _NUMBERED.findall(text):
        if not _MONTH.fullmatch(word):
            for stem in content_words(word):
                found[stem].add(number)
    return dict(found)


def is_of_another(question: str, asked: Mapping[str, Set[str]], text: str) -> bool:
    """Say whether a text names what a question names by its number, with other numbers alone.

    Args:
        question: what is asked; one of what comes before or after a thing is answered by another.
        asked: `numbers_of` the question.
        text: a sentence.

    >>> question = "What is the topic of evening 3?"
    >>> [is_of_another(question, numbers_of(question), f"Evening {n}: swarms") for n in (2, 3)]
    [True, False]
    """
    if not asked or _RELATIVE.search(question):
        return False
    told, held = numbers_of(text), set(_NUMBER.findall(text))
    return any(word in told and held.isdisjoint(numbers) for word, numbers in asked.items())
