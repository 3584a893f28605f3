"""Passages of what a question names: by a number ("PEP 572", "HX-240"), or as the one who is to say it.

A passage of another one says the same words, so that it is found and read like that asked about.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from rag.core.types import Passage
from rag.reading.numbered import numbers_of
from rag.reading.questions import asked_speaker
from rag.scoring.words import content_words

__all__ = ["of_named"]


def of_named(question: str, passages: Sequence[Passage]) -> list[Passage]:
    """Give the passages but for those of another number or document than the question names.

    Of another number are those whose title or headings name the same thing with other numbers, and in which
    the asked one stands nowhere. Days of months are no such numbers: they are written in too many ways.
    Where it is asked what a document says, those of that title or file are left, if there are any.

    >>> other, asked = (Passage("", "", 1, "", f"Invoice {n}", None, 0, 9, 1.0, "Sum: 89") for n in (7, 8))
    >>> [passage.title for passage in of_named("What is the sum of invoice 8?", [other, asked])]
    ['Invoice 8']
    >>> len(of_named("What is the sum of the invoice?", [other, asked]))
    2
    """
    asked = numbers_of(question)
    left = [passage for passage in passages if not (asked and _is_of_another(asked, passage))]
    speaker = set(content_words(asked_speaker(question)))
    said = [passage for passage in left if speaker and speaker <= _names(passage)]
    return said or left


def _names(passage: Passage) -> set[str]:
    return {*content_words(passage.title), *content_words(PurePath(passage.source).stem)}


def _is_of_another(asked: Mapping[str, set[str]], passage: Passage) -> bool:
    about = numbers_of(". ".join((passage.title, *passage.heading)))
    others = [word for word, numbers in asked.items() if about.get(word, set()) - numbers]
    if not others:
        return False
    held = numbers_of(passage.text)
    return any(asked[word].isdisjoint(about[word] | held.get(word, set())) for word in others)
