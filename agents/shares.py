"""A percentage of what the documents say: "What is 15% of the price of the basic plan?".

The amount is asked of the documents, as any question is; what is reckoned with it is the calculator's.
"""

import re
from dataclasses import dataclass, replace

from agents._numbers import NUMBER, numbers_in
from rag.core.types import Passage
from rag.reading.candidates import Candidate

__all__ = ["Share", "amount", "quoted", "share_of", "tells_share", "with_unit"]

_QUESTION = re.compile(
    r"\W*(?i:(?:and )?(?:what(?:['’]s| is| are| was| were| would)|how much (?:is|are|was|were|would)"
    r"|calculate|compute))"
    r" (?P<percent>\d{1,3}(?:\.\d+)?)\s*(?:%|percent) of"
    r" (?P<what>(?!(?i:the|our|your|my|all) [$€£¥]?\d)(?:(?i:the|our|your|my|all|an?)\b|[A-Z])"
    r"[^?,]{2,200}?)(?: be)?[\s?.!]*"
)
_ASKS_WHAT_FOR = re.compile(
    r" (?:about|as|at|by|for|from|in|into|of|on|over|through|to|towards?|with)$", re.IGNORECASE
)
"""The end of a question for something else: "What is 10% of the land used for?"."""
_CODE_BEFORE = re.compile(r"(?:^|\s)([A-Z]{3} ?)$")  # "EUR 40"
_REST = re.compile(r"[,;:(|]")  # what comes after it says more than the unit
_COLUMN_UNIT = re.compile(r"\(([^()\d]{1,20})\)\s*$")


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
    if match is None or _ASKS_WHAT_FOR.search(match["what"]):
        return None
    return Share(match["percent"], f"How much is {match['what']}?")


def tells_share(text: str, share: Share) -> bool:
    """Say whether a text has the percentage itself.

    >>> [tells_share(text, Share("20", "")) for text in ("20 % is spent on travel", "a fee of 120%")]
    [True, False]
    """
    return re.search(rf"(?<![\d.,]){re.escape(share.percent)}\s*(?:%|percent\b)", text) is not None


def amount(short_answer: str | None) -> str | None:
    """Give the number in an answer of few words, if it is one and not several.

    >>> amount("40 dollars"), amount("41 in 2022")
    ('40', None)
    """
    numbers = numbers_in(short_answer or "")
    return numbers[0] if len(numbers) == 1 else None


def with_unit(reckoned: Passage, best: Candidate) -> Passage:
    """Give both sides of "25% of 75 = 18.75" the unit that a short answer has, or its column.

    Args:
        reckoned: what the calculator gave.
        best: the sentence that has the number.
    """
    short = best.short_answer or ""
    number = NUMBER.search(short)
    if number is None:
        return reckoned
    code = _CODE_BEFORE.search(short, 0, number.start())
    before = number["money"] or (code[1] if code else "")
    after = _REST.split(short[number.end() :])[0].rstrip()
    column = _COLUMN_UNIT.search(best.column)
    if not (before or after) and column:
        after = f" {column[1]}"
    told, _, value = reckoned.text.rpartition(" = ")
    percent, of, whole = told.rpartition(" of ")
    text = f"{percent}{of}{before}{whole}{after} = {before}{value}{after}"
    return replace(reckoned, end=reckoned.start + len(text), text=text)


def quoted(best: Candidate) -> Passage:
    """Give the sentence as a passage of its own."""
    passage = best.passage
    text = passage.text[best.start : best.end]
    start = passage.start + best.start
    return replace(passage, start=start, end=start + len(text), text=text)
