"""Excel's old workbooks (1997 to 2003): every sheet a page under its name, its rows as tables.

Read by xlrd, which is pure Python: a damaged file costs an error, not the process.
"""

import io
from collections.abc import Iterator
from struct import error as StructError
from typing import Any

import xlrd
from xlrd.compdoc import CompDocError

from indexing.loaders._archive import reading
from indexing.loaders._merged import Below
from indexing.loaders._number_format import display
from indexing.loaders._tables import read_sheets
from indexing.loaders._text import one_line
from rag.core.errors import UnreadableDocumentError
from rag.core.types import Attribute, ParsedDocument

__all__ = ["Xls"]

_Sheet = Any  # Any: xlrd has no types
_Book = Any
_Cell = Any


class Xls:
    """Read Excel's .xls."""

    suffixes = (".xls",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the cells as they are shown, a line a row; dates as 2020-01-31.

        Raises:
            UnreadableDocumentError: broken, encrypted, too large or without text.
        """
        with reading(name, kind="an old Excel workbook", program="Excel"):
            try:
                book = xlrd.open_workbook(
                    file_contents=content,
                    formatting_info=True,  # the number formats
                    on_demand=True,
                    ragged_rows=True,
                    logfile=io.StringIO(),
                )
                sheets = ((sheet.name, _rows(sheet, book)) for sheet in _sheets(book))
                metadata: dict[str, Attribute] = {}
                if author := one_line(book.user_name or ""):
                    metadata["author"] = author
                return read_sheets(sheets, name=name, title="", metadata=metadata)
            except (AssertionError, CompDocError, StructError) as error:
                raise ValueError(str(error) or "a record is cut short") from error
            except xlrd.XLRDError as error:
                if "encrypted" in str(error):
                    raise UnreadableDocumentError(
                        f"{name!r} is encrypted; open it with its password in Excel and save it without one"
                    ) from error
                raise ValueError(str(error)) from error


def _sheets(book: _Book) -> Iterator[_Sheet]:
    for number in range(book.nsheets):
        yield book.sheet_by_index(number)
        book.unload_sheet(number)


def _rows(sheet: _Sheet, book: _Book) -> Iterator[list[str]]:
    below = Below()
    tall = {(first, column): end - 1 for first, end, column, _ in sheet.merged_cells if end - first > 1}
    for row in range(sheet.nrows):
        cells = [_shown(cell, book) for cell in sheet.row(row)]
        below.fill(cells, row)
        for column, cell in enumerate(cells):
            if (row, column) in tall:
                below.reach(column, until=tall[row, column], text=cell)
        yield cells


def _shown(cell: _Cell, book: _Book) -> str:
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        number_format = book.format_map[book.xf_list[cell.xf_index].format_key].format_str
        return display(cell.value, number_format, is_1904=bool(book.datemode))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    return str(cell.value)
