"""Text -> sentences, as offsets; for chunking, extraction and citation alike.

Knows the sentence marks of the common scripts, abbreviations, initials and decimals, and that a blank line
ends a sentence, as does the line before a list item, a table row or what begins with its time, also where
lines are quoted. A Markdown row is one sentence, and so is code between fences. Does not know grammar.
"""

import re

from rag.scoring.fences import code_spans
from rag.scoring.quotations import blank_marks

__all__ = ["sentence_spans"]

_ABBREVIATIONS = frozenset(
    """al approx apr aug bros ca cf co corp dec dept dr ed eds eg e.g etc eq eqs esp est feb fig figs gen
    i.e ie inc jan jr jul jun lt ltd mar max mr mrs ms min mt no nos nov oct op p.m a.m pp prof resp ref
    refs rev sec sep sept sr st tab u.k u.s u.n viz vol vols vs""".split()
)
_DATE, _TIME = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}", r"\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?"
# How a line of a chat, a log or a programme begins: "[10:02] ", "2026-05-09 10:02", "9:30 – 10:00 Talk".
_TIMED = (
    rf"[ \t]*(?:\[(?:{_DATE}[ T,]{{1,3}})?{_TIME}\]|{_DATE}[ T,]{{1,3}}{_TIME}"
    rf"|{_TIME}(?: ?[-–] ?{_TIME})?:?[ \t]+(?:[-–][ \t]+)?(?:[^\W\d_a-z]|[^\n:]{{1,30}}:[ \t]))"
)
# The end of a sentence: a mark with its closing quotes before white space, a full-width mark, or a break.
# Look-behind and possessive runs keep the search linear on a line of a hundred thousand dots.
_END = re.compile(
    r"^[ \t]*(?:!!!|\?\?\?\+?)[ \t][^\n]*\n"  # "!!! note", as some Markdown opens a box
    r"|(?<![.!?])[.!?]++[\"'”’)\]]*(?=\s)"
    r"|[。！？｡؟۔।]+[”’」』）]*"
    r"|\n[ \t]*(?=\n)"
    r"|\n(?=[ \t]*(?:[-*•‣▪]|\d{1,3}[.)])[ \t])"
    r"|\n(?=[^\n]*[|\t])"
    rf"|\n(?={_TIMED})"
    r"|(?<!\S)\|(?=\s)[^\n|]*\n",  # from a row's last mark on: what follows the row is not of its last cell
    re.MULTILINE,
)
_ROW = re.compile(r"\n?[ \t]*\|(?=\s)[^\n]*(?<=\s)\|(?=[ \t]*(?:\n|\Z))")  # of Markdown: marks at both ends
_LAST_WORD = re.compile(r"[\w.]+$")


def sentence_spans(text: str, *, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Give the sentences of text[start:end] as offsets into text, without the white space around them.

    The spans ascend and are disjoint; every character that is not white space is in one of them.

    >>> sentence_spans("Dr. Who paid 3.50. Why?")
    [(0, 18), (19, 23)]
    """
    stop = len(text) if end is None else end
    unmarked = blank_marks(text)
    spans: list[tuple[int, int]] = []
    begin = start
    for code in code_spans(text, start=start, end=stop):
        spans += _prose(text, unmarked, begin, code[0])
        spans.append(code)
        begin = code[1]
    return [*spans, *_prose(text, unmarked, begin, stop)]


def _prose(text: str, unmarked: str, start: int, stop: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    first = begin = start
    row_end = _row_end(unmarked, start, stop)
    for match in _END.finditer(unmarked, start, stop):
        if match.start() < row_end:
            continue
        if match.group().startswith(".") and _continues(unmarked, begin, match.start(), match.end()):
            continue
        if not unmarked[begin : match.end()].isspace():  # else its marks go to the next one
            _append(spans, text, first, match.end())
            first = match.end()
        begin = match.end()
        row_end = _row_end(unmarked, begin, stop)
    _append(spans, text, first, stop)
    return spans


def _row_end(text: str, begin: int, stop: int) -> int:
    """Give where the last mark of a Markdown row stands that begins here; `begin` where none does."""
    row = _ROW.match(text, begin, stop)
    return row.end() - 1 if row else begin


def _continues(text: str, begin: int, dot: int, after: int) -> bool:
    word = _LAST_WORD.search(text, max(begin, dot - 12), dot)
    following = text[after : after + 40].lstrip()
    if following[:1].islower():
        return True
    if word is None:
        return False
    last = word.group().lower().strip(".")
    is_initial = len(last) == 1 and last.isalpha() and last != "i"
    is_list_number = last.isdigit() and not text[begin:dot].strip().strip(last)
    return is_initial or is_list_number or last in _ABBREVIATIONS


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    trimmed = piece.strip()
    if trimmed:
        offset = start + len(piece) - len(piece.lstrip())
        spans.append((offset, offset + len(trimmed)))
