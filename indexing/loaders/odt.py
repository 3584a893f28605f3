"""OpenDocument texts: headings, paragraphs, lists and tables in their order.

A note follows the block that names it. Headers, footers, comments, deleted text and tables of contents are
left out.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from indexing.loaders._archive import open_archive, properties, reading
from indexing.loaders._merged import Below
from indexing.loaders._odf import (
    DRAW,
    NOTE,
    OFFICE,
    SKIPPED,
    STYLE,
    TABLE,
    TEXT,
    attribute,
    check,
    note_mark,
    words,
)
from indexing.loaders._text import TextBuilder, finish, one_line
from indexing.loaders._xml import Element, tree
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument

__all__ = ["Odt"]

_PARAGRAPHS = (f"{TEXT}p", f"{TEXT}h")
_LEFT_OUT = SKIPPED | {f"{TEXT}table-of-content", f"{TEXT}sequence-decls", f"{OFFICE}forms"}
_FRAMES = frozenset({f"{DRAW}frame", f"{DRAW}custom-shape", f"{DRAW}g"})
_WITHOUT_FRAMES = SKIPPED | _FRAMES
_MAX_COLUMNS = 100
_MAX_CHAIN = 16  # styles are based on each other; a broken file may go round in circles


class Odt:
    """Read OpenDocument's .odt."""

    suffixes = (".odt", ".ott")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text; the title is that of the properties, else the first heading.

        Raises:
            UnreadableDocumentError: broken, encrypted, too large or without text.
        """
        with (
            reading(name, kind="an OpenDocument text", program="LibreOffice"),
            open_archive(content, name=name) as archive,
        ):
            check(archive, name=name)
            content_root, styles_root = _part(archive, "content.xml"), _part(archive, "styles.xml")
            body = content_root.find(f"{OFFICE}body/{OFFICE}text")
            if body is None:
                raise UnreadableDocumentError(f"{name!r} holds no OpenDocument text; check what it is")
            writer = _Writer.of(styles_root, content_root)
            writer.add_all(body)
            title, metadata = properties(archive, "meta.xml")
            builder = writer.builder
            return finish(
                builder.text,
                name=name,
                title=title or builder.first_heading(),
                blocks=builder.blocks,
                metadata=metadata,
            )


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes elements to a builder, by what the styles say."""

    parents: dict[str, str]  # the style that a style is based on
    numbered: set[tuple[str, str]]  # list style and level, where items have numbers
    builder: TextBuilder = field(default_factory=TextBuilder)

    @classmethod
    def of(cls, *roots: Element) -> "_Writer":
        """Read the styles."""
        parents: dict[str, str] = {}
        numbered: set[tuple[str, str]] = set()
        for root in roots:
            for style in root.iter(f"{STYLE}style"):
                parents[attribute(style, f"{STYLE}name")] = attribute(style, f"{STYLE}parent-style-name")
            for style in root.iter(f"{TEXT}list-style"):
                numbered |= {
                    (attribute(style, f"{STYLE}name"), attribute(level, f"{TEXT}level"))
                    for level in style.iter(f"{TEXT}list-level-style-number")
                    if attribute(level, f"{STYLE}num-format")
                }
        return cls(parents, numbered)

    def add_all(self, parent: Element) -> None:
        """Write what stands in the element."""
        for element in parent:
            if element.tag in _LEFT_OUT:
                continue
            if element.tag in _PARAGRAPHS:
                self._add_paragraph(element)
            elif element.tag == f"{TEXT}list":
                self._add_list(element)
            elif element.tag == f"{TABLE}table":
                self.builder.add("\n".join(_lines(element)), "table")
            else:
                self.add_all(element)  # a section, an index, a frame on a page
                continue
            for note in element.iter(NOTE):
                text = one_line(" ".join(_paragraphs(note)))
                self.builder.add(f"{note_mark(note)} {text}".lstrip() if text else "")

    def _add_paragraph(self, element: Element) -> None:
        text = "".join(words(element, without=_WITHOUT_FRAMES)).strip()
        level = self._level(element)
        self.builder.add(
            one_line(text) if level else text, "heading" if level else "paragraph", level=level
        )
        for frame in _frames(element):
            self.add_all(frame)

    def _add_list(self, element: Element) -> None:
        """Write a list; a heading in it stands for itself, as chapters are numbered so."""
        headings = [child for child in element.iter(f"{TEXT}h")]
        if headings:
            for item in element:
                self.add_all(item)
            return
        self.builder.add(
            "\n".join(self._items(element, attribute(element, f"{TEXT}style-name"), 1)), "list"
        )

    def _items(self, element: Element, style: str, level: int) -> Iterator[str]:
        style = attribute(element, f"{TEXT}style-name") or style
        numbers = count(1)
        indent = "  " * min(level - 1, 8)
        for item in element:
            pieces = [child for child in item if child.tag in _PARAGRAPHS]
            text = " ".join(one_line("".join(words(piece))) for piece in pieces).strip()
            if text and item.tag == f"{TEXT}list-header":
                yield f"{indent}{text}"
            elif text:
                mark = f"{next(numbers)}." if (style, str(level)) in self.numbered else "-"
                yield f"{indent}{mark} {text}"
            for child in item:
                if child.tag == f"{TEXT}list":
                    yield from self._items(child, style, level + 1)

    def _level(self, element: Element) -> int:
        """Give the level, 1 for a title and 2 for the first level below it; 0 for what is no heading."""
        if element.tag == f"{TEXT}h":
            outline = attribute(element, f"{TEXT}outline-level")
            return min(int(outline), 10) + 1 if outline.isdecimal() else 2
        style = attribute(element, f"{TEXT}style-name")
        for _ in range(_MAX_CHAIN):
            if style == "Title":
                return 1
            style = self.parents.get(style, "")
        return 0


def _frames(element: Element) -> Iterator[Element]:
    """Give the frames in a paragraph, those in frames not again."""
    for child in element:
        if child.tag in _FRAMES:
            yield child
        elif child.tag not in SKIPPED:
            yield from _frames(child)


def _lines(table: Element) -> Iterator[str]:
    """Give one line a row; a cell that continues one to the left is empty."""
    below = Below()
    for number, row in enumerate(_rows(table)):
        cells: list[str] = []
        for cell in row:
            times = attribute(cell, f"{TABLE}number-columns-repeated") or "1"
            rows = int(attribute(cell, f"{TABLE}number-rows-spanned") or "1")
            text = one_line(" ".join(_paragraphs(cell)))
            if rows > 1:
                below.reach(len(cells), until=number + rows - 1, text=text)
            cells += [text, *[""] * (min(int(times), _MAX_COLUMNS) - 1)]
        below.fill(cells, number)
        if any(cells):
            yield " | ".join(cells)


def _rows(table: Element) -> Iterator[Element]:
    for element in table:
        if element.tag in (f"{TABLE}table-header-rows", f"{TABLE}table-rows", f"{TABLE}table-row-group"):
            yield from _rows(element)
        elif element.tag == f"{TABLE}table-row":
            yield element


def _paragraphs(cell: Element) -> Iterator[str]:
    for element in cell:
        if element.tag in _PARAGRAPHS:
            yield "".join(words(element))
        elif element.tag not in SKIPPED:
            yield from _paragraphs(element)


def _part(archive: zipfile.ZipFile, part: str) -> Element:
    with archive.open(part) as stream:
        return tree(stream)
