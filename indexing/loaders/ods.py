"""OpenDocument spreadsheets: every sheet a page under its name, its rows as tables.

A cell has the text that the program showed when it saved the file. Comments, charts and formulas are
not read.
"""

import zipfile
from collections.abc import Iterator

from indexing.loaders._archive import open_archive, properties, reading
from indexing.loaders._merged import Below
from indexing.loaders._odf import OFFICE, SKIPPED, TABLE, TEXT, check, spaces
from indexing.loaders._tables import MAX_COLUMNS, read_sheets
from indexing.loaders._xml import scan
from rag.core.types import ParsedDocument

__all__ = ["Ods"]

_CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
_ROW, _SHEET, _PARAGRAPH = f"{TABLE}table-row", f"{TABLE}table", f"{TEXT}p"
_VALUES = ("string-value", "date-value", "time-value", "boolean-value", "value")
_MAX_ROWS = 1_048_576  # a sheet has no more


class Ods:
    """Read OpenDocument's .ods."""

    suffixes = (".ods", ".ots")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the cells as they are shown, a line a row.

        Raises:
            UnreadableDocumentError: broken, encrypted, too large or without text.
        """
        with (
            reading(name, kind="an OpenDocument spreadsheet", program="LibreOffice"),
            open_archive(content, name=name) as archive,
        ):
            check(archive, name=name)
            title, metadata = properties(archive, "meta.xml")
            return read_sheets(_sheets(archive), name=name, title=title, metadata=metadata)


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, Iterator[list[str]]]]:
    """Give each sheet with its rows; they are to be read before the next sheet is asked for."""
    with archive.open("content.xml") as stream:
        reader = _Reader()
        steps = scan(stream, reader)
        while reader.advance(steps):
            yield reader.names.pop(0), reader.rows_of_sheet(steps)


class _Reader:
    """Collects names of sheets, and rows; None ends a sheet."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._rows: list[tuple[list[str], int] | None] = []
        self._cells: list[str] = []
        self._row_times = 1
        self._num_rows = 0  # of the sheet, those that hold something
        self._row = 0  # number of the row at hand
        self._below = Below()
        self._cell_times = 1
        self._cell_rows = 1
        self._paragraphs: list[str] = []
        self._value = ""
        self._in_cell = False
        self._in_paragraph = 0
        self._num_skipped = 0  # elements open in one that is left out
        self._depth = 0  # of sheets: a table may stand in a cell

    def advance(self, steps: Iterator[None]) -> bool:
        """Read on until there is a sheet; tell whether there is."""
        while not self.names:
            if next(steps, self) is self:
                return False
        return True

    def rows_of_sheet(self, steps: Iterator[None]) -> Iterator[list[str]]:
        """Give the rows up to the end of the sheet."""
        while True:
            rows, self._rows = self._rows, []
            for number, row in enumerate(rows):
                if row is None:
                    self._rows = rows[number + 1 :]
                    return
                cells, times = row
                for _ in range(times if cells else 1):
                    yield cells
            if next(steps, self) is self:
                return

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if self._num_skipped or tag in SKIPPED:
            self._num_skipped += 1
        elif tag == _SHEET:
            self._depth += 1
            if self._depth == 1:
                self._num_rows, self._row, self._below = 0, 0, Below()
                self.names.append(_of(attributes, TABLE, "name"))
        elif self._depth != 1:
            return
        elif tag == _ROW:
            self._row_times = int(_of(attributes, TABLE, "number-rows-repeated") or 1)
        elif tag in _CELLS:
            self._cell_times = int(_of(attributes, TABLE, "number-columns-repeated") or 1)
            self._cell_rows = int(_of(attributes, TABLE, "number-rows-spanned") or 1)
            self._value = next(filter(None, (_of(attributes, OFFICE, value) for value in _VALUES)), "")
            self._in_cell = True
        elif self._in_cell:
            self._start_text(tag, attributes)

    def _start_text(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == _PARAGRAPH:
            self._in_paragraph += 1
            self._paragraphs.append("\n")
        elif self._in_paragraph:
            self._paragraphs.append(spaces(tag, _of(attributes, TEXT, "c")))

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        if self._num_skipped:
            self._num_skipped -= 1
        elif tag == _SHEET:
            self._depth -= 1
            self._rows += [None] if self._depth == 0 else []
        elif self._depth != 1:
            return
        elif tag == _PARAGRAPH and self._in_cell:
            self._in_paragraph -= 1
        elif tag in _CELLS:
            self._take_cell()
        elif tag == _ROW:
            self._take_row()

    def data(self, text: str) -> None:
        """Take text."""
        if self._in_paragraph and not self._num_skipped and self._depth == 1:
            self._paragraphs.append(text)

    def _take_row(self) -> None:
        while self._cells and not self._cells[-1]:
            self._cells.pop()
        self._below.fill(self._cells, self._row)
        self._row += self._row_times
        self._num_rows += self._row_times if self._cells else 0
        if self._num_rows > _MAX_ROWS:
            raise ValueError(f"a sheet has more than {_MAX_ROWS} rows")
        self._rows.append((self._cells, self._row_times))
        self._cells = []

    def _take_cell(self) -> None:
        text = "".join(self._paragraphs).strip() or self._value
        self._paragraphs.clear()
        self._in_cell = False
        if text and len(self._cells) + self._cell_times > MAX_COLUMNS:
            raise ValueError(f"a row has more than {MAX_COLUMNS} columns")
        if self._cell_rows > 1:
            self._below.reach(len(self._cells), until=self._row + self._cell_rows - 1, text=text)
        self._cells += [text] * min(self._cell_times, MAX_COLUMNS)


def _of(attributes: dict[str, str], namespace: str, name: str) -> str:
    return attributes.get(f"{namespace[1:]}{name}", "")
