"""Fields that stand on one line: "Date: 3 November  Due: 3 December". Which of them a question names.

Knows how labels look; pure functions.
"""

import re
from collections.abc import Sequence

from rag.reading.dates import DATE
from rag.scoring.words import content_words

__all__ = ["asked_field"]

_LABEL = re.compile(r"(?<!\S)([A-Z][^\W\d_]*(?: [^\W\d_]+){0,2}):[ \t]+(?=\S)")
_Span = tuple[int, int]


def asked_field(question: str, sentence: str, places: Sequence[_Span]) -> _Span | None:
    """Give what the field that a question names holds, of several on a line; None where that is open.

    Args:
        question: what is asked; it has all words of one label.
        sentence: with the fields.
        places: spans of it, best first: the first one in the field, or the date there for another date.

    >>> text = "Invoice 417  Date: 3 November 2026  Due: 3 December 2026"
    >>> dated = text.index("3 N"), text.index("  Due")
    >>> text[slice(*asked_field("When is the invoice due?", text, [dated]))]
    '3 December 2026'
    >>> asked_field("When was it sent?", text, [dated]) is None
    True
    """
    labels = list(_LABEL.finditer(sentence))
    asked = set(content_words(question))
    named = [n for n, label in enumerate(labels) if asked.issuperset(content_words(label[1]) or ("",))]
    if len(labels) < 2 or len(named) != 1:
        return None
    start, stop = labels[named[0]].end(), len(sentence)
    for label in labels[named[0] + 1 :]:
        stop = min(stop, label.start())
    within = next((each for each in places if start <= each[0] and each[1] <= stop), None)
    if within is not None or DATE.fullmatch(sentence[slice(*places[0])]) is None:
        return within
    date = DATE.match(sentence, start, stop)
    return date.span() if date else None
