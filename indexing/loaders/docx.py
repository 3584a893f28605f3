"""Word documents: headings, paragraphs, lists and tables in their order.

Reads the XML of the body itself: python-docx knows neither content controls nor what number a list item
has, and takes quadratic time over tables. A note follows the block that names it. Headers, footers and
comments are left out.
"""

import io
from collections.abc import Iterator
from typing import Any

import docx
from docx.document import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.parser import etree

from indexing.loaders._archive import open_archive, reading
from indexing.loaders._docx_notes import NOTE_MARKS, marked_notes
from indexing.loaders._docx_styles import REMOVED, Styles, W
from indexing.loaders._formula import FORMULAS, formula
from indexing.loaders._merged import Below
from indexing.loaders._text import TextBuilder, finish, joined_cells, one_line, raised
from rag.core.types import Attribute, ParsedDocument

__all__ = ["Docx"]

_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # says the same again
_BREAKS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-", f"{W}p": "\n"}
_MAX_SPAN = 40  # columns that one cell takes
_WRAPPERS = {f"{W}{name}" for name in ("sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo")}
_WITH_TEXT = (f"{W}t", *NOTE_MARKS)
_LEFT_OUT = (f"{W}tabs", *REMOVED, _FALLBACK)
_Element = Any  # Any: an element of lxml, which has no types


class Docx:
    """Read Word's .docx."""

    suffixes = (".docx",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the body's text; the title is that of the properties, else the first heading.

        Raises:
            UnreadableDocumentError: broken, encrypted, too large or without text.
        """
        with reading(name, kind="a Word document", program="Word"):
            with open_archive(content, name=name):
                pass  # it is not too large
            try:
                return _read(content, name)
            except (PackageNotFoundError, etree.LxmlError) as error:
                raise ValueError(str(error)) from error


def _read(content: bytes, name: str) -> ParsedDocument:
    document: Document = docx.Document(io.BytesIO(content))
    builder = TextBuilder()
    _add_body(document, builder)
    properties = document.core_properties
    metadata: dict[str, Attribute] = {}
    if author := one_line(properties.author or ""):
        metadata["author"] = author
    if properties.created is not None:
        metadata["created"] = properties.created.date().isoformat()
    title = one_line(properties.title or "") or builder.first_heading()
    return finish(builder.text, name=name, title=title, blocks=builder.blocks, metadata=metadata)


def _add_body(document: Document, builder: TextBuilder) -> None:
    styles, notes = Styles.of(document), marked_notes(document)
    items: list[str] = []
    for element in _content(document.element.body):
        level = styles.heading_level(element)
        mark = "" if level or element.tag == f"{W}tbl" else styles.list_mark(element)
        if not mark:
            _add_items(items, builder)
        for reference in element.iter(*NOTE_MARKS):
            if (note := notes.get(reference.text or "")) is not None:
                builder.note(f"{reference.text} {one_line(' '.join(map(_text, _paragraphs(note))))}")
        if element.tag == f"{W}tbl":
            builder.add("\n".join(_rows(element, styles)), "table")
            continue
        text = _text(element).strip()
        number = styles.number(element) if level else ""
        if number and text:
            text = f"{number} {text}"
        if mark and text:
            items.append(mark + text)
            continue
        _add_items(items, builder)
        builder.add(one_line(text) if level else text, "heading" if level else "paragraph", level=level)
    _add_items(items, builder)


def _add_items(items: list[str], builder: TextBuilder) -> None:
    builder.add("\n".join(items), "list")
    items.clear()


def _content(parent: _Element) -> Iterator[_Element]:
    """Give paragraphs and tables in order, those in content controls and tracked insertions too."""
    for child in parent.iterchildren():
        if child.tag in (f"{W}p", f"{W}tbl"):
            yield child
        elif child.tag in _WRAPPERS:
            yield from _content(child)


def _rows(table: _Element, styles: Styles) -> Iterator[str]:
    """Give one line a row; a cell that continues one to the left is empty."""
    below = Below()
    for number, row in enumerate(table.iter(f"{W}tr")):
        if next(row.iterancestors(f"{W}tbl")) is not table:
            continue  # of a table inside a cell: its text is the cell's
        cells: list[str] = []
        for cell in row.iter(f"{W}tc"):
            if next(cell.iterancestors(f"{W}tr")) is row:
                texts = [f"{styles.number(each)} {_text(each)}" for each in _paragraphs(cell)]
                text = one_line(" ".join(texts))
                if _continues(cell):
                    below.extend(len(cells), until=number)
                else:
                    below.reach(len(cells), until=number, text=text)
                cells += [text, *[""] * (_columns(cell) - 1)]
        below.fill(cells, number)
        if any(cells):
            yield joined_cells(cells)


def _continues(cell: _Element) -> bool:
    """Tell whether a cell belongs to the one above it."""
    merge = cell.find(f"{W}tcPr/{W}vMerge")
    return merge is not None and merge.get(f"{W}val") != "restart"


def _columns(cell: _Element) -> int:
    span = cell.find(f"{W}tcPr/{W}gridSpan")
    value = "" if span is None else span.get(f"{W}val") or ""
    return min(max(int(value), 1), _MAX_SPAN) if value.isascii() and value.isdecimal() else 1


def _paragraphs(cell: _Element) -> Iterator[_Element]:
    for paragraph in cell.iter(f"{W}p"):
        if next(paragraph.iterancestors(f"{W}p", _FALLBACK), None) is None:
            yield paragraph


def _text(paragraph: _Element) -> str:
    return "".join(_pieces(paragraph))


def _pieces(element: _Element) -> Iterator[str]:
    position = element.find(f"{W}rPr/{W}vertAlign")
    is_raised = position is not None and position.get(f"{W}val") == "superscript"
    for child in element.iterchildren():
        if child.tag in _WITH_TEXT:
            yield raised(child.text or "") if is_raised else child.text or ""
        elif child.tag in FORMULAS:
            yield formula(child)
        elif child.tag in _LEFT_OUT:
            continue
        else:
            if child.tag in _BREAKS:
                yield _BREAKS[child.tag]
            yield from _pieces(child)
