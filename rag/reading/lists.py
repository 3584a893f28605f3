"""Lists and tables that answer as a whole: a question asks for what stands above them.

Knows lines that begin as items do, rows, and words; pure functions.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from rag.core.types import Passage
from rag.reading.prose import headings_above
from rag.reading.questions import asked_amount, asked_words, asks_how, asks_several, naming_words
from rag.scoring.rows import column_names, header_lines, is_table_line
from rag.scoring.sentences import NUMBERED, sentence_spans
from rag.scoring.words import analyze

__all__ = ["asked_list", "denies", "is_item", "list_lead"]

_ITEM = re.compile(rf"\s*(?:[-*•–]|\.(?=[ \t]+[^\W_])|\(?(?:\d{{1,3}}|[a-z])[.)]|{NUMBERED})\s+\S")
_BULLET = re.compile(r"\s*[-*•–]")
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_ASKS_ONE = re.compile(r"\bwho(?:['’]s| is| was| (?!has\b|does\b)\w+s)\b", re.IGNORECASE)
"""A person: "who is the landlord", "who chairs the meeting"."""
_ASKS_SEVERAL = re.compile(
    r"\b(?:what|which|who|how (?:to|do|does|can|should)|list|name|show)\b", re.IGNORECASE
)
_NOT = re.compile(r"\b(?:not|never|no)\b|n['’]t\b", re.IGNORECASE)
_DENIES = re.compile(
    rf"{_NOT.pattern}|\b(?:none|nobody|nothing|cannot|without|except(?:ions?|ing|ed)?|exclud\w+|exclusions?"
    r"|excl|prohibited|forbidden|banned)\b",
    re.IGNORECASE,
)
_HAVING = frozenset(analyze("sell offer provide include contain come available exist list"))
"""Words of having, which nothing above a list need say: "Which plans do you offer?"."""
_METHOD = frozenset(analyze("method procedure steps instructions directions preparation how to do it"))
"""Words above the steps of what the title or a heading further up names."""
_BEGINS = re.compile(r"(?:\A|\n[ \t]*\n)[ \t]*([^\n]*[^\s.!?:;,])[ \t]*(?=\n)")
_MAX_HEADING_WORDS = 8
_UNDERLINE = re.compile(r"([=~^-])\1+\s*")
_UNLIKE = 2  # characters that a heading and the line below it differ by, at most
_RULE = re.compile(r"[\s|:-]+")
_MAX_ROWS = 12
_Span = tuple[int, int]


def is_item(line: str) -> bool:
    """Say whether a line begins as an item of a list.

    >>> is_item("- a clamp"), is_item("2. Open the lid."), is_item("2.31 metres"), is_item("-5 degrees")
    (True, True, False, False)
    >>> is_item("4.1 Fees are due"), is_item("(iv) the deposit"), is_item(". Close it"), is_item("... it")
    (True, True, True, False)
    """
    return _ITEM.match(line) is not None


def asked_list(question: str, passages: Sequence[Passage]) -> tuple[Passage, list[_Span]] | None:
    r"""Give the items of the first list that a question asks for as a whole, with their passage.

    It does when every word of it stands above the list, in the nearest line, a heading, or in the title:
    what an item says then makes no difference. An amount, a time and a person are of one item.

    >>> text = "In the box\n- a clamp\n- two cells"
    >>> kit = Passage("", "", 1, "", "HX-240", None, 0, len(text), 1.0, text)
    >>> passage, items = asked_list("What is in the box of the HX-240?", [kit])
    >>> [text[start:end] for start, end in items]
    ['- a clamp', '- two cells']
    >>> asked_list("Which clamp is in the box?", [kit]) is None
    True
    """
    asked = set(asked_words(question)) - _HAVING
    is_of_one = asked_amount(question) is not None or _ASKS_ONE.search(question) is not None
    if not asked or is_of_one or not _ASKS_SEVERAL.search(question):
        return None
    for passage in passages:
        titles = set(analyze(" ".join((passage.title, *passage.heading))))
        found = [*_lists(passage.text), *(_tables(passage.text) if asks_several(question) else ())]
        for lead, items in found:
            above = lead or " ".join(passage.heading[-1:])
            least = 1 if lead.startswith("#") else 2
            told = set(analyze(above))
            is_method = asks_how(question) and bool(told) and told <= _METHOD
            if len(items) < least or not (is_method or asked & told):
                continue
            above = " ".join((above, *_headings(passage.text, items[0][0], lead)))
            agrees = bool(_NOT.search(question)) == bool(_NOT.search(above))
            wanted = set(naming_words(question)) if is_method else asked
            if agrees and wanted <= titles.union(analyze(above)):
                return passage, items
    return None


def denies(line: str) -> bool:
    """Say whether what stands under a line is denied by it.

    >>> denies("What is not covered"), denies("Exclusions:"), denies("What is covered")
    (True, True, False)
    """
    return _DENIES.search(line) is not None


def list_lead(text: str, start: int) -> _Span | None:
    r"""Give what an item of a list stands under: the nearest line above that is none, or a broader item.

    >>> text = "Not covered\n- Theft from\n  a car\n- Parts:\n  - Tyres"
    >>> [text[slice(*list_lead(text, text.index(item)))] for item in ("- Theft", "- Parts", "- Tyres")]
    ['Not covered', 'Not covered', '- Parts:']
    """
    begin = text.rfind("\n", 0, start) + 1
    indent = start - begin
    for match in reversed([*_LINE.finditer(text, 0, begin)]):
        line = match[0]
        own = len(line) - len(line.lstrip())
        if own < indent or (own == indent and not is_item(line)):
            return match.start() + own, match.start() + len(line.rstrip())
    return None


def _headings(text: str, start: int, lead: str) -> list[str]:
    """Give the headings within a text that a place in it stands under.

    Without marks these are lines that begin a paragraph, since the last list with the same lead.
    """
    above = [text[slice(*span)] for span in sentence_spans(text, end=start)]
    if marked := headings_above([*above, ""])[-1]:
        return marked
    same = text.rfind(lead, 0, max(text.rfind(lead, 0, start), 0)) if lead else -1
    lines = (match[1] for match in _BEGINS.finditer(text, max(same, 0), start))
    return [line for line in lines if not is_item(line) and len(line.split()) <= _MAX_HEADING_WORDS]


def _lists(text: str) -> Iterator[tuple[str, list[_Span]]]:
    """Give the line above each list, if there is one, and its items; what only underlines is no line."""
    above, lead = "", ""
    items: list[_Span] = []
    for match in _LINE.finditer(text):
        if is_item(match[0]):
            if items and _is_another(text, items, match):
                yield lead, items
                items = []
            lead = lead if items else above
            items.append(match.span())
            continue
        if items:
            yield lead, items
        items = []
        is_line = not _UNDERLINE.fullmatch(match[0]) or abs(len(match[0]) - len(above)) > _UNLIKE
        above = match[0] if is_line else above
    if items:
        yield lead, items


def _is_another(text: str, items: Sequence[_Span], line: re.Match[str]) -> bool:
    """Say whether another list begins: steps below a blank line and ingredients, as far to the left."""
    first = text[slice(*items[0])]
    is_apart = text.count("\n", items[-1][1], line.start()) > 1
    is_as_far = len(first) - len(first.lstrip()) == len(line[0]) - len(line[0].lstrip())
    return is_apart and is_as_far and bool(_BULLET.match(first)) != bool(_BULLET.match(line[0]))


def _tables(text: str) -> Iterator[tuple[str, list[_Span]]]:
    """Give the line above each short table with its first column's name, and its rows with the header."""
    lines = [*_LINE.finditer(text)]
    for is_table, group in groupby(range(len(lines)), lambda number: is_table_line(lines[number][0])):
        rows = [lines[number] for number in group] if is_table else []
        header = header_lines([row[0] for row in rows])
        if not len(header) < len(rows) <= _MAX_ROWS + len(header):
            continue
        first = lines.index(rows[0])
        columns = column_names([row[0] for row in rows[: header.stop]])
        above = lines[first - 1][0] if first else ""
        yield (
            f"{above} {' '.join(columns[:1])}",
            [row.span() for row in rows if not _RULE.fullmatch(row[0])],
        )
