"""Who has a role, where a text says it in brackets: "Tom Reed (treasurer)", "Hollin Ltd ("the landlord")".

Knows words; pure functions.
"""

import re

from rag.scoring.words import content_words

__all__ = ["role_holder"]

_ASKS = re.compile(r"\bwho(?:['’]s| is| was| are| were)\b", re.IGNORECASE)
_NAME = r"[A-Z][\w.'’-]*"
_HOLDER = re.compile(rf"({_NAME}(?: (?:(?:of|de|van|von|der|and|&) )*{_NAME})*) \(([^()]{{2,60}})\)")


def role_holder(question: str, sentence: str) -> tuple[int, int] | None:
    """Give where the name stands whose role the question asks for; None where the sentence names none.

    >>> present = "Present: Ruth Adeyemi (chair), Paul Novak (treasurer)."
    >>> start, end = role_holder("Who is the treasurer?", present)
    >>> present[start:end]
    'Paul Novak'
    >>> role_holder("Who elects the treasurer?", present) is None
    True
    """
    if not _ASKS.search(question):
        return None
    asked = frozenset(content_words(question))
    for match in _HOLDER.finditer(sentence):
        role = content_words(match[2])
        if role and asked.issuperset(role):
            return match.span(1)
    return None
