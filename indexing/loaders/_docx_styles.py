"""What the styles and the numbering of a Word document say of a paragraph: heading or list item.

Styles are named in the language of the program that wrote them, so their outline levels count first.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from docx.document import Document

__all__ = ["Styles", "W"]

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_BODY_LEVEL = 9
_MAX_CHAIN = 16  # styles are based on each other; a broken file may go round in circles
_Element = Any  # Any: an element of lxml, which has no types


@dataclass(slots=True)
class Styles:
    """Styles by their id, list formats by (number id, level), and how far each list has counted."""

    by_id: Mapping[str, _Element]
    formats: Mapping[tuple[str, str], str]
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document) -> "Styles":
        """Read them."""
        styles = document.styles.element.iter(f"{W}style")
        return cls({_attribute(style, "styleId"): style for style in styles}, dict(_formats(document)))

    def heading_level(self, paragraph: _Element) -> int:
        """Give the level, 1 for a title and 2 for the first level below it; 0 for what is no heading."""
        for element in self._chain(paragraph):
            name = _value(element, "name")
            if name.lower() == "title":
                return 1
            outline = _value(element, "pPr", "outlineLvl")
            if outline.isdigit():
                return 0 if int(outline) >= _BODY_LEVEL else int(outline) + 2
            if match := _HEADING.fullmatch(name):
                return int(match[1]) + 1
        return 0

    def list_mark(self, paragraph: _Element) -> str:
        """Give the mark of a list item with its indent, counting on; empty for what is no item."""
        number_id, level = "", ""
        for element in self._chain(paragraph):
            number_id = number_id or _value(element, "pPr", "numPr", "numId")
            level = level or _value(element, "pPr", "numPr", "ilvl")
        if not number_id or number_id == "0":
            named = any(
                _value(element, "name").lower().startswith("list ") for element in self._chain(paragraph)
            )
            return "- " if named and number_id != "0" else ""
        level = level if level.isdigit() else "0"
        indent = "  " * min(int(level), 8)
        if self.formats.get((number_id, level), "bullet") in ("bullet", "none"):
            return f"{indent}- "
        key = (number_id, level)
        self.counts[key] = self.counts.get(key, 0) + 1
        for other in [each for each in self.counts if each[0] == number_id and each[1] > level]:
            del self.counts[other]  # what lies deeper starts anew
        return f"{indent}{self.counts[key]}. "

    def _chain(self, paragraph: _Element) -> Iterator[_Element]:
        """Give the paragraph, its style, the style that one is based on, and so on."""
        yield paragraph
        style_id = _value(paragraph, "pPr", "pStyle")
        for _ in range(_MAX_CHAIN):
            style = self.by_id.get(style_id)
            if style is None:
                return
            yield style
            style_id = _value(style, "basedOn")


def _formats(document: Document) -> Iterator[tuple[tuple[str, str], str]]:
    parts = [
        relation for relation in document.part.rels.values() if relation.reltype.endswith("/numbering")
    ]
    if not parts or parts[0].is_external:
        return
    numbering = parts[0].target_part.element
    abstract = {_attribute(each, "abstractNumId"): each for each in numbering.iter(f"{W}abstractNum")}
    for number in numbering.iter(f"{W}num"):
        definition = abstract.get(_value(number, "abstractNumId"))
        for level in () if definition is None else definition.iter(f"{W}lvl"):
            yield (_attribute(number, "numId"), _attribute(level, "ilvl")), _value(level, "numFmt")


def _value(element: _Element, *path: str) -> str:
    """Give the `w:val` of the element at the path below; empty when there is none."""
    found = element.find("/".join(f"{W}{name}" for name in path))
    return "" if found is None else _attribute(found, "val")


def _attribute(element: _Element, name: str) -> str:
    return str(element.get(f"{W}{name}", ""))
