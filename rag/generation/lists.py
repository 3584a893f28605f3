"""Lists that answer as a whole: a question asks for what a heading or a sentence above them announces.

Knows lines that begin as items do, and words; pure functions.
"""

import re
from collections.abc import Iterator

from rag.core.types import Passage
from rag.generation.questions import asked_amount
from rag.scoring.words import analyze, content_words

__all__ = ["asked_items", "is_item"]

_ITEM = re.compile(r"\s*(?:[-*•–]|\(?(?:\d{1,3}|[a-z])[.)])\s+\S")
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_ASKS_ONE = re.compile(r"\bwho(?:['’]s| is| was| (?!has\b|does\b)\w+s)\b", re.IGNORECASE)
"""A person: "who is the landlord", "who chairs the meeting"."""
_Span = tuple[int, int]


def is_item(line: str) -> bool:
    """Say whether a line begins as an item of a list.

    >>> is_item("- a clamp"), is_item("2. Open the lid."), is_item("2.31 metres"), is_item("-5 degrees")
    (True, True, False, False)
    """
    return _ITEM.match(line) is not None


def asked_items(question: str, passage: Passage, place: int) -> list[_Span]:
    r"""Give all items of the list at a place of a passage, if the question asks for what it is a list of.

    It does when every word of it stands above the list, in the nearest line or heading, or in the title:
    what an item says then makes no difference. An amount, a time and a person are of one item.

    Args:
        question: as it was asked.
        passage: holds the list.
        place: in an item of it, or in the line above its first one.

    >>> text = "In the box\n- a clamp\n- two cells"
    >>> kit = Passage("", "", 1, "", "HX-240", None, 0, len(text), 1.0, text)
    >>> [text[start:end] for start, end in asked_items("What is in the box of the HX-240?", kit, 12)]
    ['- a clamp', '- two cells']
    >>> asked_items("Which clamp is in the box?", kit, 12)
    []
    """
    for lead, items in _lists(passage.text):
        if items[0][0] <= place < items[-1][1] or (lead and lead[0] <= place < lead[1]):
            above = passage.text[slice(*lead)] if lead else " ".join(passage.heading[-1:])
            asked, announced = set(content_words(question)), set(analyze(above))
            known = announced.union(analyze(" ".join((passage.title, *passage.heading))))
            is_of_one = asked_amount(question) is not None or _ASKS_ONE.search(question) is not None
            is_asked = asked & announced and asked <= known and not is_of_one
            return items if is_asked and len(items) > 1 else []
    return []


def _lists(text: str) -> Iterator[tuple[_Span | None, list[_Span]]]:
    """Give the line above each list, if there is one, and its items."""
    above: _Span | None = None
    lead: _Span | None = None
    items: list[_Span] = []
    for match in _LINE.finditer(text):
        if is_item(match[0]):
            lead = lead if items else above
            items.append(match.span())
            continue
        if items:
            yield lead, items
        above, items = match.span(), []
    if items:
        yield lead, items
