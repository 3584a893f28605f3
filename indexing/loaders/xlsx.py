"""Excel workbooks: every sheet a page under its name, its rows as tables.

Hidden sheets, rows and columns are read too; comments, charts and formulas are not.
"""

from indexing.loaders._archive import open_archive, properties, reading
from indexing.loaders._tables import read_sheets
from indexing.loaders._xlsx_parts import Workbook
from rag.core.types import ParsedDocument

__all__ = ["Xlsx"]


class Xlsx:
    """Read Excel's .xlsx and its kin with macros (never run) and templates."""

    suffixes = (".xlsm", ".xlsx", ".xltx")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the cells as they are shown, a line a row; dates as 2020-01-31.

        Raises:
            UnreadableDocumentError: broken, encrypted, too large or without text.
        """
        with (
            reading(name, kind="an Excel workbook", program="Excel"),
            open_archive(content, name=name) as archive,
        ):
            workbook = Workbook.of(archive)
            title, metadata = properties(archive, "docProps/core.xml")
            sheets = ((sheet, workbook.rows(part)) for sheet, part in workbook.sheets)
            return read_sheets(sheets, name=name, title=title, metadata=metadata)
