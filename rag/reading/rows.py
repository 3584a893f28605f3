"""What the rows of a passage's tables stand under: their header, and the label of their group.

Knows the loaders' rows (rag/scoring/rows.py) and that the header of a table cut in two is among the second
chunk's headings. Does not know what is asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.core.types import Passage
from rag.scoring.rows import cell_spans, column_names, has_year, header_lines, is_amount, is_row

__all__ = ["RowPlace", "heading_parts", "row_places"]

_MAX_GROUP_WORDS = 16
_MAX_CAPTION_WORDS = 40
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RowPlace:
    """Where a row stands in its table; a sentence, and a row of a header, have no cells."""

    cells: tuple[_Span, ...] = ()  # in the row
    columns: tuple[str, ...] = ()  # what each column is called; none where the table does not say
    header: str = ""  # the rows that say it
    group: str = ""  # the line without amounts above this row and its neighbours: "Operating expenses:"
    caption: str = ""  # the sentence above the table

    def column(self, offset: int) -> str:
        """Give what the column is called in which a character of the row stands, or nothing."""
        number = sum(start <= offset for start, _ in self.cells) - 1
        return self.columns[number] if 0 <= number < len(self.columns) else ""


def heading_parts(passage: Passage) -> tuple[list[str], list[str]]:
    """Give the passage's title and headings, and the header of the table that it begins in the midst of."""
    parts = [part for part in dict.fromkeys((passage.title, *passage.heading)) if part.strip()]
    header = [part for part in passage.heading if is_row(part)]
    return [part for part in parts if part not in header], header


def row_places(passage: Passage, spans: Sequence[_Span]) -> list[RowPlace]:
    """Give the place of each sentence or row of a passage."""
    _, header = heading_parts(passage)
    places: list[RowPlace] = []
    above = ""
    for number, table in enumerate(_tables(passage.text, spans)):
        lines = [passage.text[slice(*span)] for span in table]
        caption = above if len(above.split()) <= _MAX_CAPTION_WORDS else ""
        places += (
            replace(place, caption=caption) if place.cells else place
            for place in _places(lines, () if number else header)
        )
        above = lines[-1]
    return places


def _tables(text: str, spans: Sequence[_Span]) -> Iterator[list[_Span]]:
    """Give the spans that follow each other line by line, a blank line ends a table."""
    held: list[_Span] = []
    for span in spans:
        if held and text.count("\n", held[-1][1], span[0]) != 1:
            yield held
            held = []
        held.append(span)
    if held:
        yield held


def _places(lines: Sequence[str], header: Sequence[str]) -> Iterator[RowPlace]:
    columns, named, group = tuple(column_names(header)), "\n".join(header), ""
    is_open = not header  # the first row may be one
    number = 0
    while number < len(lines):
        line = lines[number]
        spans = cell_spans(line) if is_row(line) else [(0, len(line))]
        cells = [line[slice(*span)] for span in spans]
        if not any(cells[1:]):
            group = cells[0] if len(cells[0].split()) <= _MAX_GROUP_WORDS else ""
            yield RowPlace()
            number += 1
            continue
        rows = header_lines(lines[number:]) if is_open or _names_columns(cells, columns) else range(0)
        is_open = False
        if rows:
            found = [" ".join(each.split()) for each in lines[number : number + len(rows)]]
            columns, named, group = tuple(column_names(found)), "\n".join(found), ""
            yield from [RowPlace()] * len(rows)
        else:
            yield RowPlace(tuple(spans), columns, named, group)
        number += max(len(rows), 1)


def _names_columns(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """Say whether a row amid a table begins a header: it has no amounts, and no label or only dates.

    Under columns that are of no dates a row of dates has them as its values: "Deadline | 2 March 2026".
    """
    if any(map(is_amount, cells)):
        return False
    if not cells[0] or cells[0].startswith("("):
        return True
    is_of_dates = any(map(has_year, columns[1:])) if columns else len(cells) > 2
    return is_of_dates and all(map(has_year, cells[1:]))
