"""Whose role a text names: "Tom Reed (treasurer)".

Knows words; pure functions.
"""

import re
from collections.abc import Set

from rag.scoring.words import analyze, content_words

__all__ = ["role_holder"]

_ASKS = re.compile(r"\bwho(?:['’]s| is| was| are| were)\b", re.IGNORECASE)
_DOES = re.compile(r"\bwho (\w+(?:ed|s))\b", re.IGNORECASE)
_NAME = r"[A-Z][\w.'’-]*"
_HOLDER = re.compile(
    rf"({_NAME}(?: (?:(?:of|de|van|von|der|and|&) ){{0,2}}{_NAME}){{0,6}}) \(([^()]{{2,60}})\)"
)
_SIGNED = re.compile(rf"(?:\A|\n)({_NAME}(?: {_NAME}){{1,3}})\n([^\n,:.;]{{3,40}})(?=[,\n]|\Z)")
_ROLE = re.compile(r"\([^()]*\)")
_SAYS_NOW = frozenset(content_words("current present"))


def role_holder(question: str, sentence: str, about: Set[str]) -> tuple[int, int] | None:
    r"""Give where the name stands whose role the question asks for; None where the sentence names none.

    Who chaired it is the chair. Of several it is the one of most words that the question has: the vice
    chair is not the chair. A word before the role makes it another, unless it stands in the sentence or
    above it.

    Args:
        question: what is asked.
        sentence: that may name who holds the role.
        about: stemmed words of the title and headings above it.

    >>> present = "Present: Ruth Adeyemi (chair), Paul Novak (vice chair)."
    >>> for question in ("Who is the chair?", "Who is the vice chair?"):
    ...     start, end = role_holder(question, present, set())
    ...     print(present[start:end])
    Ruth Adeyemi
    Paul Novak
    >>> signed = "Kind regards\nAnn Lee\nProperty manager, tel. 030 555"
    >>> start, end = role_holder("Who is the property manager?", signed, set())
    >>> signed[start:end]
    'Ann Lee'
    >>> [role_holder(f"Who {what} chair?", present, set()) for what in ("elects the", "was the former")]
    [None, None]
    """
    is_asked_for, does = _ASKS.search(question), _DOES.search(question)
    if not is_asked_for and not does:
        return None
    done = content_words(does[1]) if does and not is_asked_for else []
    words, asked = analyze(question), frozenset(content_words(question))
    others = asked.difference(content_words(_ROLE.sub(" ", sentence)), about, _SAYS_NOW)
    found: list[tuple[int, tuple[int, int]]] = []
    for match in (*_HOLDER.finditer(sentence), *_SIGNED.finditer(sentence)):
        role = content_words(match[2])
        is_asked = (
            bool(role)
            and (not done or role == done)
            and asked.issuperset(role)
            and not asked.issuperset(content_words(match[1]))
        )
        if is_asked and others.isdisjoint(words[: min(map(words.index, role))][-1:]):
            found.append((len(role), match.span(1)))
    return max(found, key=lambda each: each[0])[1] if found else None
