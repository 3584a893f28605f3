"""Which of two amounts a question asks for, where a sentence gives them for two times in the same order.

"Cash paid was $3.1 billion and $3.7 billion in Q2 2022 and Q2 2023, respectively." Knows amounts, years,
dates and quarters; pure functions.
"""

import re

__all__ = ["paired_amount"]

_AMOUNT = r"(?:[$€£¥] ?)?\d(?:[\d,]*\d)?(?:\.\d+)?(?: (?:thousand|million|billion|trillion))?(?: ?%)?"
_TWO_AMOUNTS = re.compile(rf"(?<![\d.,])({_AMOUNT}) and ({_AMOUNT})(?!\w)")
_TIME = r"(?:(?:Q[1-4]|(?:[A-Z][a-z]+) \d{1,2},) )?(?:19|20)\d\d"
_TWO_TIMES = re.compile(rf"\b({_TIME}) and ({_TIME})\b")
_SIGN = re.compile(r"[$€£¥%,.]|illion|thousand")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_WORD = re.compile(r"\w+")
_LENGTHS = (  # of periods; a question about one is not answered by another
    re.compile(r"\bq[1-4]\b|\bquarter\b|\bthree months\b", re.I),
    re.compile(r"\bsix months\b|\bfirst half\b", re.I),
    re.compile(r"\bnine months\b", re.I),
    re.compile(r"\btwelve months\b|\b(?:full|fiscal) year\b", re.I),
)


def paired_amount(question: str, sentence: str) -> tuple[int, int] | None:
    """Give where the amount stands that belongs to the time the question names, None where that is open.

    Two times belong to the two amounts before them, or to those after them if none are before. Which of
    the two is meant must show in the question's words; a period of another length is passed over.

    >>> paid = "Cash paid was $3.1 billion and $3.7 billion in Q2 2022 and Q2 2023, respectively."
    >>> start, end = paired_amount("How much cash was paid in Q2 2023?", paid)
    >>> paid[start:end]
    '$3.7 billion'
    >>> paired_amount("How much cash was paid?", paid) is None
    True
    """
    amounts = [found for found in _TWO_AMOUNTS.finditer(sentence) if all(map(_SIGN.search, found.groups()))]
    asked = frozenset(_WORD.findall(question.lower()))
    free = list(amounts)
    begin = 0
    for times in _TWO_TIMES.finditer(sentence):
        before = [found for found in free if begin <= found.start() and found.end() <= times.start()]
        found = before[-1] if before else next((each for each in free if each.start() >= times.end()), None)
        if found is None:
            continue
        free.remove(found)
        stretch = sentence[max(min(found.end(), times.start()), 0) : max(times.end(), found.start())]
        chosen = _named(asked, times)
        if chosen is not None and not _is_other_length(question, stretch):
            return found.span(chosen)
        begin = times.end()
    return None


def _named(asked: frozenset[str], times: re.Match[str]) -> int | None:
    """Give 1 or 2: the time whose year the question has; within one year, whose other words."""
    first, second = (frozenset(_WORD.findall(part.lower())) for part in times.groups())
    years = [frozenset(_YEAR.findall(part)) for part in times.groups()]
    if years[0] != years[1]:
        first, second = years
    more = len((first - second) & asked) - len((second - first) & asked)
    return None if more == 0 else 1 if more > 0 else 2


def _is_other_length(question: str, stretch: str) -> bool:
    asked = {length for length in _LENGTHS if length.search(question)}
    said = {length for length in _LENGTHS if length.search(stretch)}
    return bool(asked and said and not asked & said)
