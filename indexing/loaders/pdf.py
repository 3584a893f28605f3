"""PDF: text page by page in reading order, with a box around every word.

Knows PDFium. What it does with the words of a page: _reading_order.py, _pdf_writer.py. Pages without text
are read by OCR where the extra is installed.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

import pypdfium2
from pypdfium2 import raw

from indexing.loaders._pdf_words import Word, read_words
from indexing.loaders._pdf_writer import PageWriter
from indexing.loaders._progress import made_progress
from indexing.loaders._reading_order import Row, read_rows
from indexing.loaders._scans import OCR_ADVICE, ocr
from indexing.loaders._text import clean, finish, one_line
from rag.core.errors import UnreadableDocumentError
from rag.core.types import Attribute, Block, ParsedDocument

__all__ = ["Pdf"]

_PDFIUM = threading.Lock()  # PDFium is not safe in several threads at once
_PAGES_TO_LEARN_FROM = 100  # which type is the body's, which a heading's
_FEW_WORDS = 10  # a stamp or a page number on a scan
_MOSTLY = 0.5  # of a page's area
_POINTS = 0.36  # of a pixel: pages are shown to OCR with 200 dots an inch
_DATE = re.compile(r"D:(\d{4})(\d{2})(\d{2})")
# What programs write when nobody gave a title.
_NO_TITLE = re.compile(
    r"untitled|\(anonymous\)$|microsoft word - |document ?\d*$|powerpoint presentation|.*\.\w{2,4}$", re.I
)


class Pdf:
    """Read PDF files, also scanned ones."""

    suffixes = (".pdf",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text with pages, boxes, headings (by their type), lists and tables.

        Metadata: pages, author, created; pages_without_text, pages_read_by_ocr and unreadable_pages where
        there are any.

        Raises:
            UnreadableDocumentError: encrypted, broken, or without any text (scanned, and no OCR).
        """
        with _PDFIUM:
            found = _read(content, name)
        text = found.writer.text
        if not text.strip():
            raise UnreadableDocumentError(
                f"{name!r} has {len(found.writer.pages)} pages and no text: "
                + ("no text can be seen on them either" if ocr() else f"they are scanned; {OCR_ADVICE}")
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
    scanned: list[int]  # numbers of pages that OCR has read
    properties: dict[str, str]


def _read(content: bytes, name: str) -> _Found:
    unreadable: list[int] = []
    scanned: list[int] = []
    try:
        with pypdfium2.PdfDocument(content) as pdf:
            pages = _pages(pdf, unreadable, scanned)
            first = list(islice(pages, _PAGES_TO_LEARN_FROM))
            writer = PageWriter.for_pages(first)
            for number, rows in enumerate(chain(first, pages), start=1):
                writer.add_page(number, rows)
            return _Found(writer, unreadable, scanned, pdf.get_metadata_dict())
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            advice = "it is encrypted; save it without a password and ingest that"
        else:
            advice = f"it is broken ({error}); open it in a PDF reader and save it anew"
        raise UnreadableDocumentError(f"{name!r} cannot be read as a PDF: {advice}") from error


def _pages(pdf: pypdfium2.PdfDocument, unreadable: list[int], scanned: list[int]) -> Iterator[list[Row]]:
    """Give the rows of each page, one page at a time: the words of thousands would fill the memory."""
    for index in range(len(pdf)):
        try:
            page = pdf[index]
            words = read_words(page)
            if len(words) <= _FEW_WORDS and (found := _scanned_words(page, is_blank=not words)):
                words = found
                scanned.append(index + 1)
            rows = read_rows(words)
            page.close()
        except pypdfium2.PdfiumError:
            # One broken page must not cost the others; the metadata tells which.
            rows = []
            unreadable.append(index + 1)
        made_progress()
        yield rows


def _scanned_words(page: pypdfium2.PdfPage, *, is_blank: bool) -> list[Word]:
    """Read the page as a picture, if it is one: of something without text, or mostly an image."""
    objects = list(page.get_objects(max_depth=2))
    images = [each.get_bounds() for each in objects if each.type == raw.FPDF_PAGEOBJ_IMAGE]
    covered = sum((right - left) * (top - bottom) for left, bottom, right, top in images)
    width, height = page.get_size()
    reader = ocr() if (is_blank and objects) or covered > _MOSTLY * width * height else None
    if reader is None:
        return []
    picture = page.render(scale=1 / _POINTS).to_numpy()
    words: list[Word] = reader.words_of(picture, points=_POINTS)
    return words


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
    author = one_line(clean(properties.get("Author", "")))
    if author.strip("()") not in ("", "anonymous"):
        metadata["author"] = author
    if date := _DATE.match(properties.get("CreationDate", "")):
        metadata["created"] = "-".join(date.groups())
    blank = [each.page for each in pages if each.start == each.end and each.page not in found.unreadable]
    if blank:
        metadata["pages_without_text"] = tuple(map(str, blank))
    if found.scanned:
        metadata["pages_read_by_ocr"] = tuple(map(str, found.scanned))
    if found.unreadable:
        metadata["unreadable_pages"] = tuple(map(str, found.unreadable))
    return metadata
