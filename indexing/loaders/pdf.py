"""PDF: text page by page in the order of the page's content, with a box around every word.

Knows PDFium's characters and where they stand. Does not know scanned pages: those have no text.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from statistics import median

import pypdfium2
from pypdfium2 import raw

from indexing.loaders._text import clean
from rag.core.errors import UnreadableDocumentError
from rag.core.layout import Box, BoxSpan, Layout, PageSpan
from rag.core.types import Attribute, Block, ParsedDocument

__all__ = ["Pdf"]

_HEADING_SCALE = 1.15  # a line set this much larger than the page's usual size is a heading
_MAX_HEADING_CHARS = 120
_GAP = 0.7  # white space above a line, in line heights, that starts a paragraph
_RUN_OF_SPACES = 3  # spaces inside a line that separate the cells of a table row


@dataclass(slots=True)
class _Word:
    text: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(slots=True)
class _Line:
    size: float
    words: list[_Word] = field(default_factory=list)

    @property
    def top(self) -> float:
        return min(word.y0 for word in self.words)

    @property
    def bottom(self) -> float:
        return max(word.y1 for word in self.words)


class Pdf:
    """Read PDF files that hold text."""

    suffixes = (".pdf",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text with pages, boxes and, by their size, headings."""
        writer = _Writer()
        try:
            with pypdfium2.PdfDocument(content) as pdf:
                metadata = pdf.get_metadata_dict()
                for number in range(len(pdf)):
                    writer.page(number + 1, _lines(pdf, number))
        except pypdfium2.PdfiumError as error:
            why = "it is protected by a password" if "assword" in str(error) else f"it is broken ({error})"
            raise UnreadableDocumentError(f"{name!r} cannot be read: {why}") from error
        if not writer.text.strip():
            raise UnreadableDocumentError(
                f"{name!r} has {writer.num_pages} pages and no text: they are probably scanned; run OCR first"
            )
        title = clean(metadata.get("Title", "")).strip() or writer.first_heading or PurePath(name).stem
        author = clean(metadata.get("Author", "")).strip()
        attributes: dict[str, Attribute] = {"author": author} if author else {}
        return ParsedDocument(
            writer.text,
            title,
            Layout(tuple(writer.pages), tuple(writer.boxes)),
            tuple(writer.blocks),
            attributes,
        )


class _Writer:
    """Puts lines together to one text and notes where each word went."""

    def __init__(self) -> None:
        self.pages: list[PageSpan] = []
        self.boxes: list[BoxSpan] = []
        self.blocks: list[Block] = []
        self.num_pages = 0
        self._parts: list[str] = []
        self._length = 0

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def first_heading(self) -> str:
        heading = next((block for block in self.blocks if block.kind == "heading"), None)
        return " ".join(self.text[heading.start : heading.end].split()) if heading else ""

    def page(self, number: int, lines: list[_Line]) -> None:
        self.num_pages += 1
        if not lines:
            return
        if self._length:
            self._put("\n\n")
        start = self._length
        usual = median(line.size for line in lines for _ in line.words)
        for index, paragraph in enumerate(_paragraphs(lines, usual)):
            if index:
                self._put("\n\n")
            self._paragraph(number, paragraph, usual)
        self.pages.append(PageSpan(number, start, self._length))

    def _paragraph(self, page: int, lines: list[_Line], usual: float) -> None:
        start = self._length
        for index, line in enumerate(lines):
            if index:
                self._put("\n")
            for place, word in enumerate(line.words):
                if place:
                    self._put(" ")
                box = Box(page, word.x0, word.y0, word.x1, word.y1)
                self.boxes.append(BoxSpan(self._length, self._length + len(word.text), box))
                self._put(word.text)
        kind = "heading" if _is_heading(lines, usual) else "paragraph"
        level = (1 if lines[0].size > usual * _HEADING_SCALE**2 else 2) if kind == "heading" else 0
        self.blocks.append(Block("heading" if level else "paragraph", start, self._length, level))

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def _paragraphs(lines: list[_Line], usual: float) -> Iterator[list[_Line]]:
    paragraph: list[_Line] = []
    for line in lines:
        if paragraph and _starts_paragraph(paragraph[-1], line, usual):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    yield paragraph


def _starts_paragraph(above: _Line, line: _Line, usual: float) -> bool:
    height = max(line.bottom - line.top, above.bottom - above.top)
    moved_up = line.top < above.top - height / 2  # the next column
    resized = abs(line.size - above.size) > 0.05 * usual
    return moved_up or resized or line.top - above.bottom > _GAP * height


def _is_heading(lines: list[_Line], usual: float) -> bool:
    num_chars = sum(len(word.text) + 1 for line in lines for word in line.words)
    return lines[0].size >= usual * _HEADING_SCALE and num_chars <= _MAX_HEADING_CHARS


def _lines(pdf: pypdfium2.PdfDocument, index: int) -> list[_Line]:
    page = pdf[index]
    textpage = page.get_textpage()
    try:
        return [line for line in _read_lines(textpage, _Frame.of(page)) if line.words]
    finally:
        textpage.close()
        page.close()


@dataclass(frozen=True, slots=True)
class _Frame:
    """From PDF coordinates to fractions of the page as it is shown."""

    left: float
    bottom: float
    width: float
    height: float
    rotation: int  # degrees clockwise

    @classmethod
    def of(cls, page: pypdfium2.PdfPage) -> "_Frame":
        left, bottom, right, top = page.get_cropbox()
        return cls(left, bottom, max(right - left, 1e-6), max(top - bottom, 1e-6), page.get_rotation())

    def shown(self, x: float, y: float) -> tuple[float, float]:
        across, up = (x - self.left) / self.width, (y - self.bottom) / self.height
        match self.rotation:
            case 90:
                return up, across
            case 180:
                return 1 - across, up
            case 270:
                return 1 - up, 1 - across
            case _:
                return across, 1 - up

    def word(self, text: str, corners: tuple[float, float, float, float]) -> _Word:
        x0, y0, x1, y1 = corners
        (ax, ay), (bx, by) = self.shown(x0, y0), self.shown(x1, y1)
        xs, ys = sorted((_unit(ax), _unit(bx))), sorted((_unit(ay), _unit(by)))
        return _Word(text, xs[0], ys[0], xs[1], ys[1])


def _read_lines(textpage: pypdfium2.PdfTextPage, frame: _Frame) -> Iterator[_Line]:
    """Cut the page's characters into words and lines, at PDFium's own spaces and newlines."""
    handle = textpage.raw
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    places = [ctypes.byref(value) for value in (left, right, bottom, top)]
    line = _Line(0.0)
    letters: list[str] = []
    corners = (0.0, 0.0, 0.0, 0.0)

    def end_word() -> None:
        text = clean("".join(letters)).strip()
        if text:
            line.words.append(frame.word(text, corners))
        letters.clear()

    for index in range(textpage.count_chars()):
        letter = _letter(raw.FPDFText_GetUnicode(handle, index))
        if letter.isspace():
            end_word()
            if letter == "\n":
                yield line
                line = _Line(0.0)
            continue
        raw.FPDFText_GetCharBox(handle, index, *places)
        if not letters:
            corners = (left.value, bottom.value, right.value, top.value)
            line.size = line.size or raw.FPDFText_GetFontSize(handle, index)
        else:
            x0, y0, x1, y1 = corners
            corners = (min(x0, left.value), min(y0, bottom.value), max(x1, right.value), max(y1, top.value))
        letters.append(letter)
    end_word()
    yield line


def _letter(code: int) -> str:
    # PDFium marks a hyphen at the end of a line with U+0002.
    return "-" if code == 2 else chr(code) if 0 < code < 0x110000 else ""


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)
