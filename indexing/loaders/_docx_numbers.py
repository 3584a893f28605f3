"""The numbers that Word shows before list items and headings, which no text of the document holds.

Knows what the document defines of its lists, and how far each has counted.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from docx.document import Document

__all__ = ["Numbers", "W", "attribute", "value"]

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PLACE = re.compile(r"%([1-9])")
_MAX_TEXT = 100  # characters around the numbers
_MAX_LETTERED = 780  # the 30th Z
_MAX_ROMAN = 3999
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
    (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_Element = Any  # Any: an element of lxml, which has no types


@dataclass(frozen=True, slots=True)
class _Level:
    format: str
    text: str  # `%1.%2`: the numbers of the levels, and what stands around them
    start: int
    is_decimal: bool  # also the numbers of the levels above
    starts_anew: bool  # below each item of a level above


@dataclass(frozen=True, slots=True)
class _List:
    """One of several that may share a definition and then go on counting from each other."""

    definition: str
    levels: Mapping[int, _Level]
    restarted: frozenset[int]  # levels that begin anew where this list begins


@dataclass(slots=True)
class Numbers:
    """The lists by their id, and how far each definition has counted, by level."""

    lists: Mapping[str, _List]
    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, document: Document) -> "Numbers":
        """Read what the document defines."""
        relations = [each for each in document.part.rels.values() if each.reltype.endswith("/numbering")]
        if not relations or relations[0].is_external:
            return cls({})
        return cls(dict(_lists(relations[0].target_part.element)))

    def next(self, list_id: str, level: int) -> str:
        """Count on, and give the number as it is shown: `4.`, `(a)`, `4.1`; empty for a bullet."""
        found = self.lists.get(list_id)
        form = found.levels.get(level) if found else None
        if found is None or form is None:
            return ""
        counts = self.counts.setdefault(found.definition, {})
        if list_id not in self.begun:
            self.begun.add(list_id)
            for restarted in found.restarted:
                counts.pop(restarted, None)
        counts[level] = counts[level] + 1 if level in counts else form.start
        below = [each for each in counts if each > level]
        for deeper in [each for each in below if found.levels.get(each, form).starts_anew]:
            del counts[deeper]
        if form.format == "bullet":
            return ""

        def number(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            above = found.levels.get(place, form)
            count = counts.get(place, above.start)
            return _written(count, "decimal" if form.is_decimal else above.format)

        return _PLACE.sub(number, form.text).strip()


def _lists(numbering: _Element) -> Iterator[tuple[str, _List]]:
    definitions = {attribute(each, "abstractNumId"): each for each in numbering.iter(f"{W}abstractNum")}
    for each in numbering.iter(f"{W}num"):
        name = value(each, "abstractNumId")
        if (definition := definitions.get(name)) is None:
            continue
        overrides = {_number(attribute(one, "ilvl")): one for one in each.iter(f"{W}lvlOverride")}
        own = [level for override in overrides.values() for level in override.iter(f"{W}lvl")]
        starts = {place: value(override, "startOverride") for place, override in overrides.items()}
        levels = {
            place: _level(level, starts.get(place))
            for level in (*definition.iter(f"{W}lvl"), *own)
            for place in [_number(attribute(level, "ilvl"))]
        }
        restarted = frozenset(place for place, start in starts.items() if start)
        yield attribute(each, "numId"), _List(name, levels, restarted)


def _level(element: _Element, start: str | None) -> _Level:
    return _Level(
        value(element, "numFmt") or "decimal",
        value(element, "lvlText")[:_MAX_TEXT],
        _number(start or value(element, "start")),
        element.find(f"{W}isLgl") is not None,
        value(element, "lvlRestart") != "0",
    )


def _written(number: int, form: str) -> str:
    """Write a number in one of Word's formats.

    >>> [_written(28, form) for form in ("decimal", "upperLetter", "lowerRoman", "decimalZero", "none")]
    ['28', 'BB', 'xxviii', '28', '']
    """
    if form == "none":
        return ""
    if form in ("lowerLetter", "upperLetter") and 0 < number <= _MAX_LETTERED:
        letter = chr(ord("a" if form == "lowerLetter" else "A") + (number - 1) % 26)
        return letter * ((number - 1) // 26 + 1)
    if form in ("lowerRoman", "upperRoman") and 0 < number <= _MAX_ROMAN:
        letters = ""
        for amount, sign in _ROMAN:
            count, number = divmod(number, amount)
            letters += sign * count
        return letters if form == "lowerRoman" else letters.upper()
    return f"{number:02}" if form == "decimalZero" else str(number)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def value(element: _Element, *path: str) -> str:
    """Give the `w:val` of the element at the path below; empty when there is none."""
    found = element.find("/".join(f"{W}{name}" for name in path))
    return "" if found is None else attribute(found, "val")


def attribute(element: _Element, name: str) -> str:
    """Give an attribute; empty when there is none."""
    return str(element.get(f"{W}{name}", ""))
