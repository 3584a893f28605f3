"""A percentage of what the documents say: "What is 15% of the price of the basic plan?".

The amount is asked of the documents, as any question is; what is reckoned with it is the calculator's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents._numbers import numbers_in
from rag.core.types import Passage
from rag.scoring.sentences import sentence_spans

__all__ = ["Share", "amount", "quoted", "share_of"]

_QUESTION = re.compile(
    r"\W*(?i:(?:and )?(?:what(?:['’]s| is| are| was| were)|how much (?:is|are|was|were)|calculate|compute))"
    r" (?P<percent>\d{1,3}(?:\.\d+)?)\s*(?:%|percent) of"
    r" (?P<what>(?:(?i:the|our|your|my|all)\b|[A-Z])"
    r"(?:[^?,\d]|(?<=[A-Za-z-])\d+|\b(?:19|20)\d\d\b){2,200}?)[\s?.!]*"
)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of a hundred parts of an amount that must be found first."""

    percent: str
    question: str  # after the amount


def share_of(question: str) -> Share | None:
    """Give the share that is asked for, where its amount is told in words; None for any other question.

    >>> share_of("What is 15% of the price of the basic plan?")
    Share(percent='15', question='How much is the price of the basic plan?')
    """
    match = _QUESTION.fullmatch(question)  # "what is" may ask what something means
    return None if match is None else Share(match["percent"], f"How much is {match['what']}?")


def amount(short_answer: str | None) -> str | None:
    """Give the number in an answer of few words, if it is one and not several.

    >>> amount("40 dollars"), amount("41 in 2022")
    ('40', None)
    """
    numbers = numbers_in(short_answer or "")
    return numbers[0] if len(numbers) == 1 else None


def quoted(passages: Sequence[Passage], words: str) -> list[Passage]:
    """Give the first sentence that has the words, as a passage of its own; none where there is none."""
    for passage in passages:
        for start, end in sentence_spans(passage.text):
            if words in passage.text[start:end]:
                first = passage.start + start
                text = passage.text[start:end]
                return [replace(passage, start=first, end=first + len(text), text=text)]
    return []
