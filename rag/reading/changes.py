"""What has been changed, "moved from 24 November to 1 December": which of the two a question asks for.

Words of English; pure functions.
"""

import re

__all__ = ["asked_of_change"]

_VERB = (
    r"\b(?:mov(?:e[ds]?|ing)|(?:chang|postpon|rais|increas|reduc|extend|lower|push|shift|reschedul|renam)\w+"
    r"|cut|rose|risen|fell|fallen)\b"
)
_PART = r"(?:[^.;:,]|(?<=\d)[.,:](?=\d)){1,40}?"
_ENDS = r"(?=[.,;:)](?!\d)|$| (?:because|due|for|in|on|at|by|after|as|since|with|and|when|so|but)\b)"
_CHANGED = re.compile(
    rf"{_VERB}(?:[^.;:]|\.\d){{0,60}}?\bfrom (?P<old>{_PART}) to (?P<new>{_PART}){_ENDS}", re.IGNORECASE
)
_ASKS_OLD = re.compile(
    r"\b(?:original(?:ly)?|before|previous(?:ly)?|former(?:ly)?|old|first|initially|from|used to|until)\b",
    re.IGNORECASE,
)
_ASKS_CHANGE = re.compile(rf"\bhow (?:much|many|far)\b.*{_VERB[2:]}|\bby how\b", re.IGNORECASE)
_Span = tuple[int, int]


def asked_of_change(question: str, sentence: str, span: _Span) -> _Span:
    """Give what something has been changed to in place of what it was, or that where it is asked for.

    >>> text = "We moved the launch from 24 November to 1 December because of the audit."
    >>> for question in ("When is the launch?", "What was the original date?"):
    ...     for part in ("24 November to 1 December", "24 November"):
    ...         start = text.index(part)
    ...         start, end = asked_of_change(question, text, (start, start + len(part)))
    ...         print(question, text[start:end])
    When is the launch? 1 December
    When is the launch? 1 December
    What was the original date? 24 November
    What was the original date? 24 November
    >>> text[slice(*asked_of_change("Why?", text, (51, 71)))]
    'because of the audit'
    """
    changed = _CHANGED.search(sentence)
    if changed is None or _ASKS_CHANGE.search(question):
        return span
    start, end = changed.start("old"), changed.end("new")
    if span[1] <= start or end <= span[0]:
        return span
    return changed.span("old" if _ASKS_OLD.search(question) else "new")
