"""The parts of an Excel workbook, read row by row: sheets, shared strings, number formats.

Knows SpreadsheetML, transitional and strict. A formula's cell has the value that the file keeps of it.
"""

import math
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from indexing.loaders._merged import Below
from indexing.loaders._number_format import BUILT_IN, display
from indexing.loaders._tables import MAX_COLUMNS
from indexing.loaders._xml import local, scan, tree

__all__ = ["Workbook"]

_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_AREA = re.compile(
    rb"""<(?:\w+:)?mergeCell\s[^>]{0,200}?ref=["']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})["']"""
)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BLOCK_BYTES = 1 << 20
_MAX_AREA_BYTES = 300


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook whose sheets are read one by one, as they are asked for."""

    archive: zipfile.ZipFile
    sheets: Sequence[tuple[str, str]]  # name, part
    strings: Sequence[str]
    formats: Sequence[str]  # by the number of a cell's style
    is_1904: bool

    @classmethod
    def of(cls, archive: zipfile.ZipFile) -> "Workbook":
        """Read all but the sheets."""
        parts = _targets(archive, "")
        main = next(part for kind, part in parts.values() if kind == "officeDocument")
        targets = _targets(archive, main)
        by_kind = {kind: part for kind, part in targets.values()}
        with archive.open(main) as stream:
            root = tree(stream)
        sheets: list[tuple[str, str]] = []
        is_1904 = False
        for element in root.iter():
            if local(element.tag) == "workbookPr":
                is_1904 = element.get("date1904", "0") in ("1", "true")
            elif local(element.tag) == "sheet":
                identifier = next(value for key, value in element.items() if local(key) == "id")
                kind, part = targets[identifier]
                sheets += [(element.get("name", ""), part)] if kind == "worksheet" else []
        strings = list(_strings(archive, by_kind["sharedStrings"])) if "sharedStrings" in by_kind else []
        formats = _formats(archive, by_kind["styles"]) if "styles" in by_kind else []
        return cls(archive, sheets, strings, formats, is_1904)

    def rows(self, part: str) -> Iterator[list[str]]:
        """Give what each row shows; an empty one for one or more rows without cells."""
        sheet = _Sheet(self, _tall_areas(self.archive, part))
        with self.archive.open(part) as stream:
            for _ in scan(stream, sheet):
                yield from sheet.rows
                sheet.rows.clear()

    def shown(self, text: str, *, kind: str, style: str) -> str:
        """Give what a cell shows, from its content, its type and its style."""
        if kind == "s":
            return self.strings[int(text)]
        if kind == "b":
            return {"0": "FALSE", "1": "TRUE"}.get(text, text)
        if kind == "d":
            return text.replace("T", " ")
        if kind != "n":
            return _unescaped(text)
        number = float(text)
        index = int(style)
        pattern = self.formats[index] if index < len(self.formats) else "General"
        return display(number, pattern, is_1904=self.is_1904) if math.isfinite(number) else text


class _Strings:
    """Collects the shared strings; phonetic hints are left out."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self._pieces: list[str] = []
        self._is_text = False
        self._is_hint = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        self._is_text = name == "t" and not self._is_hint
        self._is_hint = self._is_hint or name == "rPh"

    def end(self, tag: str) -> None:
        name = local(tag)
        self._is_text = False
        if name == "rPh":
            self._is_hint = False
        elif name == "si":
            self.strings.append(_unescaped("".join(self._pieces)))
            self._pieces.clear()

    def data(self, text: str) -> None:
        if self._is_text:
            self._pieces.append(text)


class _Sheet:
    """Collects the rows of a sheet."""

    def __init__(self, workbook: Workbook, tall: Mapping[tuple[int, int], int]) -> None:
        self.rows: list[list[str]] = []
        self._workbook = workbook
        self._tall = tall  # row and column of a cell that is several rows high -> its last row
        self._below = Below()
        self._cells: list[str] = []
        self._row = 0
        self._kind, self._style, self._column = "n", "0", -1
        self._pieces: list[str] = []
        self._is_text = False
        self._is_hint = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        if name == "c":
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._column = self._place(attributes.get("r", ""))
        elif name == "row":
            number = int(attributes.get("r", self._row + 1))
            if number > self._row + 1:
                self.rows.append([])
            self._row, self._column = number, -1
        elif name == "rPh":
            self._is_hint = True
        self._is_text = name in ("v", "t") and not self._is_hint

    def end(self, tag: str) -> None:
        name = local(tag)
        self._is_text = False
        if name == "rPh":
            self._is_hint = False
        elif name == "c":
            self._take()
        elif name == "row":
            self._below.fill(self._cells, self._row)
            self.rows.append(self._cells)
            self._cells = []

    def data(self, text: str) -> None:
        if self._is_text:
            self._pieces.append(text)

    def _place(self, reference: str) -> int:
        """Give the cell's column from 0; without a reference it is the next one."""
        match = _CELL.fullmatch(reference)
        return self._column + 1 if match is None else _column(match[1])

    def _take(self) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        if not text:
            return
        if self._column >= MAX_COLUMNS:
            raise ValueError(f"row {self._row} has more than {MAX_COLUMNS} columns")
        self._cells += [""] * (self._column + 1 - len(self._cells))
        shown = self._workbook.shown(text, kind=self._kind, style=self._style)
        self._cells[self._column] = shown
        if last := self._tall.get((self._row, self._column)):
            self._below.reach(self._column, until=last, text=shown)


def _unescaped(text: str) -> str:
    r"""Give a text with the characters that XML cannot hold, which Excel writes as `_x000D_`.

    >>> _unescaped("a_x0009_b"), _unescaped("as_x005F_x0009_it_is")
    ('a\tb', 'as_x0009_it_is')
    """
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _column(letters: str) -> int:
    """Give a column's number from 0: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _tall_areas(archive: zipfile.ZipFile, part: str) -> dict[tuple[int, int], int]:
    """Give row and column of each cell that is merged with some below it, with the last one's row.

    The part lists them behind its rows, which are read as they come: they are looked for first, as bytes.
    """
    tall: dict[tuple[int, int], int] = {}
    tail = b""
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK_BYTES):
            for letters, first, last in _AREA.findall(tail + block):
                if int(last) > int(first):
                    tall[int(first), _column(letters.decode())] = int(last)
            tail = (tail + block)[-_MAX_AREA_BYTES:]
    return tall


def _strings(archive: zipfile.ZipFile, part: str) -> Iterator[str]:
    strings = _Strings()
    with archive.open(part) as stream:
        for _ in scan(stream, strings):
            yield from strings.strings
            strings.strings.clear()


def _formats(archive: zipfile.ZipFile, part: str) -> list[str]:
    with archive.open(part) as stream:
        root = tree(stream)
    named: Mapping[str, str] = {
        element.get("numFmtId", ""): element.get("formatCode", "General")
        for element in root.iter()
        if local(element.tag) == "numFmt"
    }
    cell_styles = next((child for child in root if local(child.tag) == "cellXfs"), ())
    numbers = [style.get("numFmtId", "0") for style in cell_styles]
    return [named.get(number) or BUILT_IN.get(int(number), "General") for number in numbers]


def _targets(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Give id -> (kind, part) of what a part refers to; the part "" is the package itself."""
    folder, file = posixpath.split(part)
    with archive.open(posixpath.join(folder, "_rels", f"{file}.rels")) as stream:
        relations = list(tree(stream))
    return {
        relation.get("Id", ""): (
            posixpath.basename(relation.get("Type", "")),
            posixpath.normpath(
                posixpath.join(folder, relation.get("Target", "").replace("\\", "/"))
            ).lstrip("/"),
        )
        for relation in relations
        if relation.get("TargetMode") != "External"
    }
