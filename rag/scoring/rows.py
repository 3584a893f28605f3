"""Rows of tables as the loaders write them, one a line with ` | ` between cells: cells and headers.

Knows what an amount looks like. Does not know what a question asks.
"""

import re
from collections.abc import Sequence

from rag.scoring.fences import is_fenced

__all__ = ["cell_spans", "column_names", "has_year", "header_lines", "is_amount", "is_row", "is_table_line"]

_MARK = re.compile(r"(?<!\S)\|(?!\S)")
_CLOSE = re.compile(
    r"\s*\|(?:(?:\\.|[^|\\\n])*\|){2,}\s*"
)  # a Markdown row, whether blanks are in it or not
_CLOSE_MARK = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s|:=+-]*[-=]{2}[\s|:=+-]*")  # below a Markdown table's header
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_AMOUNT = re.compile(r"[$€£¥(–—\s-]*\d[\d.,]*[)%\s]*(?:pts)?|[–—-]+")
_MAX_HEADER_LINES = 4


def is_row(line: str) -> bool:
    """Say whether a line is a table's row of several cells; code is none, whatever its marks.

    >>> [is_row(line) for line in ("Plan | Price", "|Team|29 euros|", "a|b", "|x| is its size")]
    [True, True, False, False]
    """
    return (_MARK.search(line) or _CLOSE.fullmatch(line)) is not None and not is_fenced(line)


def is_table_line(line: str) -> bool:
    """Say whether a line is a row, or the rule below a header, which some write without blanks.

    >>> [is_table_line(line) for line in ("Plan | Price", "|:--|--:|", "---|---", "-----", "a|b")]
    [True, True, True, False, False]
    """
    return is_row(line) or ("|" in line and _RULE.fullmatch(line) is not None)


def cell_spans(line: str) -> list[tuple[int, int]]:
    """Give where the cells of a row stand in it, without the white space around them.

    Marks at both ends belong to no cell, as Markdown writes them; one at the front follows an empty cell.

    >>> row = "| Net sales | 5"
    >>> [row[slice(*span)] for span in cell_spans(row)]
    ['', 'Net sales', '5']
    >>> row = "|Team|29 euros|"
    >>> [row[slice(*span)] for span in cell_spans(row)]
    ['Team', '29 euros']
    """
    mark = _CLOSE_MARK if _CLOSE.fullmatch(line) else _MARK
    bounds = [match.start() for match in mark.finditer(line)]
    starts, stops = [0, *(at + 1 for at in bounds)], [*bounds, len(line)]
    spans = [_trimmed(line, start, stop) for start, stop in zip(starts, stops, strict=True)]
    stripped = line.strip()
    is_markdown = stripped.startswith("|") and stripped.endswith("|")
    return spans[1:-1] if is_markdown and len(spans) > 2 else spans


def is_amount(cell: str) -> bool:
    """Say whether a cell holds an amount; a year is none, a dash stands for one.

    >>> [is_amount(cell) for cell in ("$ (1,234)", "12.5 %", "—", "2023", "May 1, 2022")]
    [True, True, True, False, False]
    """
    return _AMOUNT.fullmatch(cell.strip()) is not None and _YEAR.fullmatch(cell.strip()) is None


def has_year(cell: str) -> bool:
    """Say whether a cell names a year, as the header of a column of figures does."""
    return _YEAR.search(cell) is not None


def header_lines(lines: Sequence[str]) -> range:
    r"""Give which of a table's lines name its columns: from the first row of several cells on.

    Further rows without an amount belong to it if their first cell is empty or that of the row above, or if
    that row has no label and names fewer columns. A first row with an amount is no header.

    >>> header_lines(["| 2022 | | 2023", "Item | Q1 | Q2 | Q1 | Q2", "Sales | 5 | 6 | 7 | 8"])
    range(0, 2)
    >>> header_lines(["Item | 2022 | | 2023", "Item | Q1 | Q2 | Q1 | Q2", "Sales | 5 | 6 | 7 | 8"])
    range(0, 2)
    >>> header_lines(["Sales | $ 5 | $ 6", "Costs | $ 7 | $ 8"])
    range(0, 0)
    """
    first = next((number for number, line in enumerate(lines) if is_row(line)), len(lines))
    stop, held = first, 0  # cells that the row above names, where it has no label
    above = ""
    for line in lines[first : first + _MAX_HEADER_LINES]:
        if _RULE.fullmatch(line):
            stop += 1
            continue
        label, *cells = (line[slice(*span)] for span in cell_spans(line))
        label, above = "" if label == above else label, label
        named = sum(map(bool, cells))
        if not cells or any(map(_is_certain, cells)):
            break
        if stop > first and (any(map(is_amount, cells)) or (label and not 0 < held < named)):
            break
        stop, held = stop + 1, 0 if label else named
    return range(first, stop)


def column_names(header: Sequence[str]) -> list[str]:
    """Give what each column is called by the rows of a header: its cells, top to bottom.

    An empty cell above the last row belongs to the cell before it, which stands above several columns.

    >>> column_names(["Item | 2022 | | 2023", "Item | Q1 | Q2 | Q1 | Q2"])
    ['Item', '2022 Q1', '2022 Q2', '2023 Q1', '2023 Q2']
    """
    rows = [
        [line[slice(*span)] for span in cell_spans(line)] for line in header if not _RULE.fullmatch(line)
    ]
    width = max(map(len, rows), default=0)
    names: list[list[str]] = [[] for _ in range(width)]
    for number, cells in enumerate(rows):
        held = ""
        for column in range(width):
            cell = cells[column] if column < len(cells) else ""
            if column and number < len(rows) - 1:
                held = cell = cell or held
            if cell and cell not in names[column]:
                names[column].append(cell)
    return [" ".join(parts) for parts in names]


def _is_certain(cell: str) -> bool:
    """Say whether a cell is an amount and no column's number: it has a sign, a comma or a point."""
    return is_amount(cell) and re.search(r"[$€£¥%().,]|^[–—-]+$", cell.strip()) is not None


def _trimmed(line: str, start: int, stop: int) -> tuple[int, int]:
    while start < stop and line[start].isspace():
        start += 1
    while stop > start and line[stop - 1].isspace():
        stop -= 1
    return start, stop
