"""Which of several things of a kind a text is of: of "evening 3" and not of 2, of "the Basic plan".

Knows words of English; pure functions.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set

from rag.scoring.words import content_words

__all__ = ["is_of_another", "is_of_another_name", "numbers_of", "with_ordinals"]

_NUMBERED = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{2,})[\s:#`*-]{0,3}(?:no\.\s?|#)?(\d+(?:\.\d+)*)(?![\w%])", re.IGNORECASE
)
_LETTERED = re.compile(r"(?<![^\W\d_])([^\W\d_]{3,}) ([A-HJ-Z])(?![\w’'&.-])")
_LETTER = re.compile(r"\b[A-HJ-Z]\b")
_NTH = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
_SHORT_ORDINAL = re.compile(r"\b\d{1,2}(?:st|nd|rd|th)\b")
_ORDINAL = re.compile(rf"\b(?:{_NTH})\b", re.IGNORECASE)
_ORDINALS = re.compile(
    rf"\b((?:{_NTH})(?:(?:, | and | or | to )(?:the )?(?:{_NTH}))*) ([^\W\d_]{{3,}})", re.IGNORECASE
)
_NAMED = re.compile(r"\b(?i:the|an?|our|your) ([A-Z][\w-]+) ([a-z]{3,})\b")
_REFERS = re.compile(r"\b(?:it|its|they|them|their)\b", re.IGNORECASE)
_MONTH = re.compile(r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_RELATIVE = re.compile(
    r"\b(?:after|before|follow\w*|next|previous|preced\w*|then|than|until|since|last)\b", re.IGNORECASE
)


def numbers_of(text: str) -> dict[str, set[str]]:
    """Give the numbers and capital letters behind each word, which is stemmed; days of months are none.

    Its ordinals count by themselves: "the first director" is not the one of "director 1950 to 1962".

    >>> numbers_of("Evening 3 in room 12, on May 4")
    {'evening': {'3'}, 'room': {'12'}}
    >>> numbers_of("The second talk"), numbers_of("Gallery C")
    ({'nth talk': {'second'}}, {'galleri': {'C'}})
    """
    found = defaultdict[str, set[str]](set)
    for word, number in _NUMBERED.findall(text):
        if not _MONTH.fullmatch(word):
            for stem in content_words(word):
                found[stem].add(number)
    for word, letter in _LETTERED.findall(text):
        for stem in content_words(word):
            found[stem].add(letter)
    for numbers, word in _ORDINALS.findall(text):
        for stem in content_words(word):
            found[f"nth {stem}"].update(_ordinals(numbers))
    return dict(found)


def with_ordinals(question: str, texts: Iterable[str]) -> str:
    """Write "first" as "1st" where a text has that.

    >>> with_ordinals("What is the first prize?", ["1st", "2nd"]), with_ordinals("The first?", ["first"])
    ('What is the 1st prize?', 'The first?')
    """
    told = {number for text in texts for number in _SHORT_ORDINAL.findall(text)}
    return _ORDINAL.sub(lambda word: short if (short := _short(word[0])) in told else word[0], question)


def _short(ordinal: str) -> str:
    number = _NTH.split("|").index(ordinal.lower()) + 1
    return f"{number}{('st', 'nd', 'rd')[number - 1] if number < 4 else 'th'}"


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
    told, held = numbers_of(text), {*_NUMBER.findall(text), *_LETTER.findall(text), *_ordinals(text)}
    return any(word in told and held.isdisjoint(numbers) for word, numbers in asked.items())


def is_of_another_name(question: str, text: str, words: Set[str]) -> bool:
    """Say whether a text names what a question names, by other names alone: "the Basic plan" for Family.

    Args:
        question: what is asked.
        text: a sentence; what "it" is of stands elsewhere.
        words: of the sentence, its title and its headings, stemmed.

    >>> asked = ("What does the Pro plan cost?", "What does the Basic plan cost?")
    >>> [is_of_another_name(each, "The Basic plan costs 9 euros.", {"basic"}) for each in asked]
    [True, False]
    """
    if _REFERS.search(text):
        return False
    told = {stem for _, noun in _NAMED.findall(text) for stem in content_words(noun)}
    return any(
        told.intersection(content_words(noun)) and words.isdisjoint(content_words(name))
        for name, noun in _NAMED.findall(question)
    )


def _ordinals(text: str) -> set[str]:
    return {word.lower() for word in _ORDINAL.findall(text)}
