"""How many of what, and which of several: the number of a sentence that a question asks for.

"It runs 148 sensors at four stations." A reader of spans may mark either number; of "Take tram 4 to the
market" it may mark the market. Knows numbers and the words beside them, those of English; pure functions.
"""

import re

from rag.scoring.words import content_words

__all__ = ["NUMBER_WORDS", "asked_count"]

_ASKS = re.compile(r"\bhow many ([^\W\d_]{3,})", re.IGNORECASE)
_WHICH = re.compile(r"\W*(?:which|what) ([a-z]{3,20}?)(?:e?s)?\b", re.IGNORECASE)
NUMBER_WORDS = "|".join(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
    thousand""".split()
)
_COUNT = re.compile(
    rf"(?<![\w.,])(\d{{1,3}}(?:,\d{{3}})+|\d{{1,9}}|(?:{NUMBER_WORDS})(?:[ -](?:{NUMBER_WORDS})){{0,4}})"
    r" ((?:[a-z]{3,20} )?[a-z]{2,20}s|people|men|women|children)\b",
    re.IGNORECASE,
)
_Span = tuple[int, int]


def asked_count(question: str, sentence: str, span: _Span) -> _Span:
    """Give the number of what "how many" asks about in place of one of other things beside it.

    So with the number behind what "which" asks about, in place of words without one.

    >>> text = "It runs 148 sensors at four stations and employs 63 people."
    >>> for things in ("stations", "people", "sensors", "gateways"):
    ...     print(text[slice(*asked_count(f"How many {things} are there?", text, (8, 11)))])
    four
    63
    148
    148
    """
    asks = _ASKS.search(question)
    if asks is None:
        return _numbered(question, sentence, span)
    things = {*content_words(asks[1])}
    counts = list(_COUNT.finditer(sentence))
    right = [match for match in counts if things & {*content_words(match[2])}]
    other = [match for match in counts if match not in right]
    is_other = any(match.start() <= span[0] and span[1] <= match.end() for match in other)
    return right[0].span(1) if right and is_other else span


def _numbered(question: str, sentence: str, span: _Span) -> _Span:
    """Give "4 or 11" of "tram 4 or 11" where a question asks which tram, unless the span has other numbers.

    >>> text = "Take tram 4 or 11 to the market."
    >>> [text[slice(*_numbered("Which trams go there?", text, span))] for span in ((21, 31), (10, 11))]
    ['4 or 11', '4 or 11']
    >>> text[slice(*_numbered("Which lines go there?", text := "Take line 4 or 11 to Elmford.", (18, 25)))]
    '4 or 11'
    """
    if (asks := _WHICH.match(question)) is None:
        return span
    number = r"\d+[a-z]?\b"
    numbers = rf"\b{asks[1]}e?s? ({number}(?:(?:, | or | and ){number})*)"
    found = [match.span(1) for match in re.finditer(numbers, sentence, re.IGNORECASE)]
    if len(found) != 1:
        return span
    (start, end), has_digit = found[0], any(map(str.isdigit, sentence[slice(*span)]))
    return span if has_digit and not (start <= span[0] and span[1] <= end) else found[0]
