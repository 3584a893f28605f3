"""PDF: text page by page in reading order, with a box around every word.

Knows PDFium. What it does with the words of a page: _reading_order.py, _pdf_writer.py. Does not know
scanned pages: those have no text.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

import pypdfium2

from indexing.loaders._pdf_words import read_words
from indexing.loaders._pdf_writer import PageWriter
from indexing.loaders._reading_order import Row, read_rows
from indexing.loaders._text import clean, finish, one_line
from rag.core.errors import UnreadableDocumentError
from rag.core.types import Attribute, Block, ParsedDocument

__all__ = ["Pdf"]

_PDFIUM = threading.Lock()  # PDFium is not safe in several threads at once
_PAGES_TO_LEARN_FROM = 100  # which type is the body's, which a heading's
_DATE = re.compile(r"D:(\d{4})(\d{2})(\d{2})")
# What programs write when nobody gave a title.
_NO_TITLE = re.compile(
    r"untitled|microsoft word - |document ?\d*$|powerpoint presentation|.*\.\w{2,4}$", re.I
)


class Pdf:
    """Read PDF files that hold text."""

    suffixes = (".pdf",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text with pages, boxes, headings (by their type), lists and tables.

        Metadata: pages, author, created; pages_without_text and unreadable_pages where there are any.

        Raises:
            UnreadableDocumentError: encrypted, broken, or without any text (scanned).
        """
        with _PDFIUM:
            found = _read(content, name)
        text = found.writer.text
        if not text.strip():
            raise UnreadableDocumentError(
                f"{name!r} has {len(found.writer.pages)} pages and no text: they are probably scanned; run"
                " OCR on it (ocrmypdf, for example) and ingest the result"
            )
        return finish(
            text,
            name=name,
            title=_title(found.properties, text, found.writer),
            blocks=found.writer.blocks,
            metadata=_metadata(found),
            layout=found.writer.layout,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """A whole PDF file, read."""

    writer: PageWriter
    unreadable: list[int]  # numbers of pages that are broken
    properties: dict[str, str]


def _read(content: bytes, name: str) -> _Found:
    unreadable: list[int] = []
    try:
        with pypdfium2.PdfDocument(content) as pdf:
            pages = _pages(pdf, unreadable)
            first = list(islice(pages, _PAGES_TO_LEARN_FROM))
            writer = PageWriter.for_pages(first)
            for number, rows in enumerate(chain(first, pages), start=1):
                writer.add_page(number, rows)
            return _Found(writer, unreadable, pdf.get_metadata_dict())
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            advice = "it is encrypted; save it without a password and ingest that"
        else:
            advice = f"it is broken ({error}); open it in a PDF reader and save it anew"
        raise UnreadableDocumentError(f"{name!r} cannot be read as a PDF: {advice}") from error


def _pages(pdf: pypdfium2.PdfDocument, unreadable: list[int]) -> Iterator[list[Row]]:
    """Give the rows of each page, one page at a time: the words of thousands would fill the memory."""
    for index in range(len(pdf)):
        try:
            page = pdf[index]
            rows = read_rows(read_words(page))
            page.close()
        except pypdfium2.PdfiumError:
            # One broken page must not cost the others; the metadata tells which.
            rows = []
            unreadable.append(index + 1)
        yield rows


def _title(properties: dict[str, str], text: str, writer: PageWriter) -> str | None:
    """Give the title of the properties, else the first page's largest heading, else none."""
    title = one_line(clean(properties.get("Title", "")))
    if any(letter.isalpha() for letter in title) and not _NO_TITLE.match(title):
        return title
    first = next((page for page in writer.pages if page.end > page.start), None)
    end = first.end if first else 0
    headings = [block for block in writer.blocks if block.kind == "heading" and block.end <= end]
    largest: Block | None = min(headings, key=lambda block: block.level, default=None)
    return text[largest.start : largest.end] if largest else None


def _metadata(found: _Found) -> dict[str, Attribute]:
    properties, pages = found.properties, found.writer.pages
    metadata: dict[str, Attribute] = {"pages": len(pages)}
    if author := one_line(clean(properties.get("Author", ""))):
        metadata["author"] = author
    if date := _DATE.match(properties.get("CreationDate", "")):
        metadata["created"] = "-".join(date.groups())
    blank = [each.page for each in pages if each.start == each.end and each.page not in found.unreadable]
    if blank:
        metadata["pages_without_text"] = tuple(map(str, blank))
    if found.unreadable:
        metadata["unreadable_pages"] = tuple(map(str, found.unreadable))
    return metadata
