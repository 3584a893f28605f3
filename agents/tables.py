"""The table of which a question asks for rows, as a whole: a search finds parts of it.

A long table is cut into passages: "which items cost less than 10" is answered by rows of all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agents.tools import ToolScope, passage_at
from rag.core.types import Passage
from rag.reading.tables.row_filters import asked_rows, asks_rows
from rag.scoring.rows import is_row, is_table_line

__all__ = ["AskedTable", "asked_table"]

_MAX_CHARS = 150_000  # a third of a second is spent on each reading of so many


@dataclass(frozen=True, slots=True)
class AskedTable:
    """A table with the rows that a question asks for."""

    passage: Passage  # that has all of it
    rows: tuple[str, ...]  # with the header's; none of a table that is too long to be read as a whole


def asked_table(question: str, passages: Sequence[Passage], scope: ToolScope) -> AskedTable | None:
    """Give the first table found that has rows which the question asks for; None where it asks for none.

    Args:
        question: what is asked.
        passages: what was found, best first.
        scope: where the documents are.
    """
    if not asks_rows(question, passages):
        return None
    tried: set[tuple[str, int]] = set()
    for passage in passages:
        document = scope.document(passage.document_id) if is_row(passage.text) else None
        for start, end in _tables(document.text, passage.start, passage.end) if document else ():
            if (passage.document_id, start) in tried:
                continue
            tried.add((passage.document_id, start))
            table, is_too_long = passage, end - start > _MAX_CHARS
            if document and not is_too_long and (start < passage.start or end > passage.end):
                heading = tuple(part for part in passage.heading if not is_row(part))
                table = replace(passage_at(document, start, end), heading=heading)
            if (found := asked_rows(question, [table])) is not None:
                rows = () if is_too_long else (table.text[slice(*span)] for span in found[1])
                return AskedTable(table, tuple(rows))
    return None


def _tables(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give where the tables lie of which some lines are between two places: neighbouring lines of cells."""
    at = text.rfind("\n", 0, start) + 1
    while at < end:
        line = _line(text, at)
        if not is_table_line(line):
            at += len(line) + 1
            continue
        first = at
        while first and is_table_line(above := text[text.rfind("\n", 0, first - 1) + 1 : first - 1]):
            first -= len(above) + 1
        while at < len(text) and is_table_line(line := _line(text, at)):
            at += len(line) + 1
        yield first, min(at - 1, len(text))


def _line(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[at:] if end < 0 else text[at:end]
