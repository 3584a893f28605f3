"""PowerPoint presentations: every slide a page, its title a heading, then its shapes as they are read.

Hidden slides are read too; charts, diagrams (SmartArt), pictures and comments are not.
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pptx
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.oxml import parse_xml
from pptx.presentation import Presentation
from pptx.shapes.base import BaseShape
from pptx.shapes.group import GroupShape
from pptx.slide import Slide

from indexing.loaders._archive import open_archive, properties, reading
from indexing.loaders._formula import FORMULAS, formula
from indexing.loaders._merged import Below
from indexing.loaders._pages import Pages
from indexing.loaders._text import TextBuilder, finish, one_line
from rag.core.types import ParsedDocument

__all__ = ["Pptx"]

_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE)
_FURNITURE = (
    PP_PLACEHOLDER.DATE,
    PP_PLACEHOLDER.FOOTER,
    PP_PLACEHOLDER.SLIDE_NUMBER,
    PP_PLACEHOLDER.HEADER,
)
_BODIES = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY)
_BANDS = 24  # shapes whose tops lie in one of so many bands of a slide are read from left to right
_MAX_DEPTH = 50  # of groups
_ESCAPED = re.compile(r"_x[0-9A-F]{4}_")  # how PowerPoint writes control characters
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_ALTERNATIVE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_CHOICE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Choice"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}t"  # text of a SmartArt
_Element = Any  # Any: an element of lxml, which has no types


class Pptx:
    """Read PowerPoint's .pptx, and .pptm without running its macros."""

    suffixes = (".pptm", ".pptx")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the slides' text and notes; the title is that of the properties, else the first heading.

        Raises:
            UnreadableDocumentError: broken, encrypted, too large or without text.
        """
        with reading(name, kind="a PowerPoint presentation", program="PowerPoint"):
            with open_archive(content, name=name) as archive:
                title, metadata = properties(archive, "docProps/core.xml")
            try:
                builder, pages = _read(pptx.Presentation(io.BytesIO(content)))
            except (PythonPptxError, SyntaxError) as error:  # lxml's errors of syntax are such
                raise ValueError(str(error)) from error
        if title.lower() in ("", "powerpoint presentation"):
            title = builder.first_heading() or ""
        return finish(
            builder.text,
            name=name,
            title=title,
            blocks=builder.blocks,
            metadata={**metadata, "pages": pages.num_pages},
            layout=pages.layout,
        )


def _read(presentation: Presentation) -> tuple[TextBuilder, Pages]:
    builder = TextBuilder()
    pages = Pages(builder)
    band = max(int(presentation.slide_height or 0) // _BANDS, 1)
    for slide in presentation.slides:
        for shape in _in_order(slide.shapes, band):
            _add_shape(shape, builder)
        _add_alternatives(slide, builder)
        _add_diagrams(slide, builder)
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame):
            text = "\n".join(_paragraph(each) for each in notes.paragraphs).strip()
            builder.add(f"Notes: {text}" if text else "")
        pages.end_page()
    return builder, pages


def _in_order(shapes: Iterable[BaseShape], band: int, depth: int = 0) -> Iterator[BaseShape]:
    """Give the shapes, groups taken apart: the title first, then from the top, then from the left."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"groups of shapes nest more than {_MAX_DEPTH} deep")
    placed = [
        ((_kind(shape) not in _TITLES, int(shape.top or 0) // band, int(shape.left or 0)), shape)
        for shape in shapes
        if _kind(shape) not in _FURNITURE
    ]
    for _, shape in sorted(placed, key=lambda pair: pair[0]):
        if isinstance(shape, GroupShape):
            yield from _in_order(shape.shapes, band, depth + 1)
        else:
            yield shape


def _kind(shape: BaseShape) -> PP_PLACEHOLDER | None:
    return shape.placeholder_format.type if shape.is_placeholder else None


def _add_shape(shape: Any, builder: TextBuilder) -> None:  # Any: what a shape has, it says itself
    if shape.has_text_frame:
        kind = _kind(shape)
        if kind in _TITLES:
            title = one_line(" ".join(_paragraph(each) for each in shape.text_frame.paragraphs))
            builder.add(title, "heading", level=1 if kind == PP_PLACEHOLDER.CENTER_TITLE else 2)
        else:
            _add_paragraphs(shape.text_frame.paragraphs, builder, is_body=kind in _BODIES)
    elif shape.has_table:
        # The elements: the library finds the next of n rows by reading all of them.
        rows = _rows(shape.table._tbl.tr_lst)
        builder.add("\n".join(" | ".join(row) for row in rows if any(row)), "table")


def _add_paragraphs(paragraphs: Iterable[Any], builder: TextBuilder, *, is_body: bool) -> None:
    """Write runs of list items, and the paragraphs between them."""
    items: list[str] = []
    number = 0
    for paragraph in paragraphs:
        text = _paragraph(paragraph).strip()
        mark = _mark(paragraph._p, is_body=is_body)
        if text and mark:
            number = number + 1 if mark == "1." else 0
            indent = "  " * min(paragraph.level, 8)
            items.append(f"{indent}{f'{number}.' if number else mark} {one_line(text)}")
        elif text:
            builder.add("\n".join(items), "list")
            builder.add(text)
            items, number = [], 0
    builder.add("\n".join(items), "list")


def _mark(paragraph: _Element, *, is_body: bool) -> str:
    """Give `-` or `1.` for a list item; the items of a slide's body are so by its layout."""
    format_ = paragraph.find(f"{_A}pPr")
    names = {child.tag for child in format_} if format_ is not None else set()
    if f"{_A}buAutoNum" in names:
        return "1."
    if f"{_A}buNone" in names:
        return ""
    return "-" if is_body or f"{_A}buChar" in names else ""


def _paragraph(paragraph: Any) -> str:  # Any: the library's paragraphs, or their elements
    pieces = (_piece(child) for child in getattr(paragraph, "_p", paragraph))
    return _ESCAPED.sub(" ", "".join(pieces))


def _piece(element: _Element) -> str:
    """Give the text of a run, a field, a break or a formula."""
    if element.tag in (f"{_A}r", f"{_A}fld"):
        return element.findtext(f"{_A}t") or ""
    if element.tag == f"{_A}br":
        return "\n"
    shown = element.find(_CHOICE) if element.tag == _ALTERNATIVE else element
    return "" if shown is None else "".join(map(formula, shown.iter(FORMULAS[0])))


def _rows(rows: Sequence[_Element]) -> Iterator[list[str]]:
    below = Below()
    for number, row in enumerate(rows):
        cells = [one_line(_cell(cell)) for cell in row.tc_lst]
        for column, cell in enumerate(row.tc_lst):
            if cell.rowSpan > 1:
                below.reach(column, until=number + cell.rowSpan - 1, text=cells[column])
        below.fill(cells, number)
        yield cells


def _cell(cell: _Element) -> str:
    return "" if cell.is_spanned else " ".join(_paragraph(each) for each in cell.iter(f"{_A}p"))


def _add_alternatives(slide: Slide, builder: TextBuilder) -> None:
    """Write the text of shapes that only newer programs draw, which the library passes over."""
    for alternative in slide.shapes._spTree.iter(_ALTERNATIVE):
        if next(alternative.iterancestors(_ALTERNATIVE, f"{_A}p"), None) is not None:
            continue
        choice = alternative.find(_CHOICE)
        paragraphs = () if choice is None else choice.iter(f"{_A}p")
        for paragraph in paragraphs:
            builder.add(_paragraph(paragraph))


def _add_diagrams(slide: Slide, builder: TextBuilder) -> None:
    """Write the points of each SmartArt as a list; they are in a part of their own."""
    for relation in slide.part.rels.values():
        if relation.reltype.endswith("/diagramData") and not relation.is_external:
            points = parse_xml(relation.target_part.blob).iter(_DIAGRAM)
            texts = (one_line(" ".join(map(_paragraph, point.iter(f"{_A}p")))) for point in points)
            builder.add("\n".join(f"- {text}" for text in texts if text), "list")
