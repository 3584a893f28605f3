"""Who or what a text says something of beside its name: "Tom Reed (treasurer)", "- Max: unlimited data".

Knows words; pure functions.
"""

import re
from collections.abc import Set

from rag.generation.questions import asked_words
from rag.scoring.words import content_words

__all__ = ["item_label", "label_of", "role_holder"]

_ASKS = re.compile(r"\bwho(?:['’]s| is| was| are| were)\b", re.IGNORECASE)
_NAME = r"[A-Z][\w.'’-]*"
_HOLDER = re.compile(
    rf"({_NAME}(?: (?:(?:of|de|van|von|der|and|&) ){{0,2}}{_NAME}){{0,6}}) \(([^()]{{2,60}})\)"
)
_ASKS_LABEL = re.compile(r"^\W*(?:and |so )?(?:which|what|who)\b", re.IGNORECASE)
_LABELLED = re.compile(
    r"\s*(?:[-*•–]|\d{1,3}[.)])\s+(?:\*\*|__)?([^\s:*_][^:*_\n]{0,40}?)(?:(?:\*\*|__):?|:)\s+([^?]+)\Z"
)


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
        if role and asked.issuperset(role) and not asked.issuperset(content_words(match[1])):
            return match.span(1)
    return None


def item_label(question: str, item: str, about: Set[str]) -> tuple[int, int] | None:
    """Give where the label of a list's item stands, if the question asks which of the items has its text.

    It does if that text has all words of the question that the item does not stand under.

    Args:
        question: what is asked.
        item: with its mark.
        about: stemmed words of the title and headings above it.

    >>> start, end = item_label("which plan has unlimited data", "- **Max**: unlimited data, 25", {"plan"})
    >>> "- **Max**: unlimited data, 25"[start:end]
    'Max'
    >>> item_label("what does max cost", "- **Max**: unlimited data, 25", {"plan"}) is None
    True
    """
    match = _LABELLED.match(item) if _ASKS_LABEL.match(question) else None
    if match is None:
        return None
    asked = set(asked_words(question)) - about
    return match.span(1) if asked and asked.issubset(content_words(match[2])) else None


def label_of(item: str) -> str:
    """Give the label that an item of a list begins with, or nothing.

    >>> label_of("- Taster: 2 hours, 35 EUR"), label_of("- Bring two keys.")
    ('Taster', '')
    """
    match = _LABELLED.match(item)
    return match[1] if match else ""
