"""Several questions in one, as in "Who chairs the club, and when does it meet?".

Knows how English joins questions, and words alone: what is joined by "and" inside one question stays whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.followups import points_back, stand_alone
from rag.core.protocols import Message

__all__ = ["Part", "joined", "parts_of"]

_AUXILIARY = r"(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|must)"
_MEASURE = r"(?:many|much|long|old|often|far|large|big|tall|high|soon|fast|heavy|deep|hot|late|early)"
_BEFORE = r"(?:(?:in|on|at|for|from|to|by|with|until|since|of)\s+)?"
_SUBJECT = r"(?:it|there|they|he|she|i|we|you)"
_DETERMINED = rf"(?:{_SUBJECT}|the|an?|my|our|your|its|their|this|that|these|those)"
_WORD_ASKS = rf"""
      {_BEFORE}(?:whom|(?:when|where|why))\s+{_AUXILIARY}\b
    | {_BEFORE}how\s+(?:{_MEASURE}|{_AUXILIARY}|to)\b
    | {_BEFORE}(?:what|which|whose)\s+\w+
    | who\s+(?!and\b|or\b)\w+"""
_BEGINS = re.compile(
    rf"^\W*(?:(?:so|and|but|please|also)[\s,]+)*(?:{_WORD_ASKS}|{_AUXILIARY}\s|(?P<tells>(?:please\s+)?"
    r"(?:(?:can|could|would)\s+you\s+)?(?:tell\s+(?:me|us)|say|explain|do\s+you\s+know)\b))",
    re.IGNORECASE | re.VERBOSE,
)
_NEXT = re.compile(
    rf"""(?:[;?]\s+(?:and\s+|but\s+)?|,?\s+(?:and|but)\s+(?:also\s+)?|,\s+(?={_WORD_ASKS}))
      (?=(?:{_WORD_ASKS}) | (?P<plain>(?!ha[sdv]){_AUXILIARY}\s+{_DETERMINED}\s+\w+
          | ha(?:s|d|ve)\s+{_SUBJECT}\b)
        | (?P<bare>{_AUXILIARY}\s+\w+\s+\w+)
        | (?P<told>(?:when|where|why|how)\s+{_DETERMINED}\b))""",
    re.IGNORECASE | re.VERBOSE,
)
_TWO_WORDS = re.compile(
    rf"^\W*(?P<first>when|where|why|how(?:\s+{_MEASURE})?)\s+and\s+"
    rf"(?P<second>when|where|why|how(?:\s+{_MEASURE})?)\s+(?P<rest>{_AUXILIARY}\s.+)$",
    re.IGNORECASE | re.DOTALL,
)
_YES_OR_NO = re.compile(rf"^\W*{_AUXILIARY}\s", re.IGNORECASE)
_COMPARES = re.compile(
    r"\b(?:between|both|compare[ds]?|comparison|differ(?:s|ence|ences|ent)?)\b", re.IGNORECASE
)
_ENDS_ASKING = re.compile(r"\b(?:who|what|which|when|where|why|how)\W*$", re.IGNORECASE)
_WITHOUT_SUBJECT = re.compile(r"\bwho\s+\w+\W*$", re.IGNORECASE)  # "who signed?"
_RELATIVE = re.compile(r"\b(?:who|which|what|whose)\b", re.IGNORECASE)
_MAX_PARTS = 3
_MAX_QUESTION = 400  # characters


@dataclass(frozen=True, slots=True)
class Part:
    """One of the questions that are asked at once."""

    said: str  # as it was asked
    query: str  # made to stand alone


def parts_of(question: str) -> list[Part]:
    """Give the questions that one is made of, each to be read by itself; a single one as it is.

    >>> [part.query for part in parts_of("What does the basic plan cost and how many users does it allow?")]
    ['What does the basic plan cost?', 'how many users does the basic plan allow?']
    >>> [part.query for part in parts_of("Who leads research and development?")]
    ['Who leads research and development?']
    """
    if len(question) > _MAX_QUESTION:
        return [Part(question, question)]
    if (both := _TWO_WORDS.match(question)) is not None:
        asked = [f"{both[word]} {both['rest'].rstrip()}" for word in ("first", "second")]
        return [Part(each, each) for each in asked]
    first, *rest = _pieces(question)
    parts = [Part(first, first)]
    for piece in rest:
        before = parts[-1].query
        has_subject = not (points_back(before) or _WITHOUT_SUBJECT.search(before))
        query = stand_alone(piece, [Message("user", before)]) if has_subject else piece
        parts.append(Part(piece, query))
    return parts


def joined(drafts: Sequence[str]) -> str:
    r"""Put answers one after the other; sentences that the next one rests on too come once, after both.

    >>> joined(["9 dollars\n\nIt costs 9 dollars for 3 users.", "3\n\nIt costs 9 dollars for 3 users."])
    '9 dollars\n\n3\n\nIt costs 9 dollars for 3 users.'
    """
    blocks = [block for draft in drafts for block in draft.split("\n\n") if block.strip()]
    last = {block: number for number, block in enumerate(blocks)}
    return "\n\n".join(block for number, block in enumerate(blocks) if last[block] == number)


def _pieces(question: str) -> list[str]:
    begins = _BEGINS.match(question)
    if begins is None:
        return [question]
    starts, ends = [0], []
    for border in _NEXT.finditer(question):
        if len(starts) < _MAX_PARTS and _is_border(
            question, starts[-1], border, is_told=bool(begins["tells"])
        ):
            ends.append(border.start())
            starts.append(border.end())
    found = [question[start:end].strip() for start, end in zip(starts, [*ends, len(question)], strict=True)]
    return found if len(found) == 1 else [f"{piece.rstrip(' ?.!,;')}?" for piece in found]


def _is_border(question: str, start: int, border: re.Match[str], *, is_told: bool) -> bool:
    """Say whether a question ends here: what follows may also go on with the one before."""
    if border[0].lstrip()[:1] in (";", "?"):
        return border["told"] is None
    before = question[start : border.start()]
    if _COMPARES.search(before) or _ENDS_ASKING.search(before):
        return False  # "between what it costs and what it gives", "when and how to apply"
    if border["told"]:
        return is_told
    if border["bare"] and not border["plain"]:
        return _YES_OR_NO.match(before) is not None
    word = _RELATIVE.match(question, border.end())
    if word is None or is_told:
        return True
    # "those who left and who stayed": the word was said before, and not to begin the question
    opening = _BEGINS.match(before)
    later = before[opening.end() if opening else 0 :]
    return re.search(rf"\b{word[0]}\b", later, re.IGNORECASE) is None
