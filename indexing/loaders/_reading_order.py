"""Words of a page -> rows in the order in which a person reads them.

Works by geometry alone: finds the gutter between columns of running text, and never takes the gap
between the columns of a table for one. Knows no file format.

1. Neighbouring words of one line make a piece.
2. A gutter is a strip that few pieces cross and that has running text on both sides, each in one column
   or several; pieces that do cross it (a title, a wide figure) cut the page into bands; in a band the
   left side comes first.
3. Within a column, pieces with one base line make a row: a line of text, or a row of a table.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from indexing.loaders._pdf_words import Word

__all__ = ["Piece", "Row", "read_rows"]

_WORD_GAP = 1.2  # a wider gap between words, in font sizes, separates pieces
_OVERLAP = 0.5  # words may overlap so much (kerning, bold by printing twice)
_BASE_SHIFT = 0.45  # of the font size: a raised or lowered word still belongs to its line
_MIN_COLUMN_PIECES = 5
_LINE_EMS = 9  # a line of running text is at least so many font sizes wide
_LINE_FILL = 0.55  # ... and takes this share of its column
_NARROW_FILL = 0.75  # ... of three or more columns, where a table's cells are as long as such lines
_ALIGNED_SHARE = 0.6  # of the pieces left and right that stand side by side in a table
_MIN_LINES_SHARE = 0.5  # of all that is written in a column, measured by width, is in such lines
_MAX_CROSSING = 0.3  # share of pieces that may cross a gutter
_BAND_GAP = 1.9  # distance of base lines, in font sizes, that may part columns from what is above them
_MAX_DEPTH = 3  # more than eight columns are no running text
_RIGHT_TO_LEFT = ("\u0590", "\u08ff")


@dataclass(slots=True)
class Piece:
    """Words of one line without a wide gap between them."""

    words: list[Word]
    x0: float
    x1: float

    @property
    def base(self) -> float:
        """Give the base line of its first word."""
        return self.words[0].base

    @property
    def size(self) -> float:
        """Give the font size of its first word."""
        return self.words[0].size


@dataclass(slots=True)
class Row:
    """Pieces of one base line, in reading order."""

    pieces: list[Piece]
    region: int  # rows of one region follow each other without a change of column
    x0: float = field(init=False)
    x1: float = field(init=False)
    base: float = field(init=False)
    size: float = field(init=False)
    bold: bool = field(init=False)

    def __post_init__(self) -> None:
        self.x0 = min(piece.x0 for piece in self.pieces)
        self.x1 = max(piece.x1 for piece in self.pieces)
        widest = max(self.pieces, key=lambda piece: piece.x1 - piece.x0)
        self.base, self.size = widest.base, _prevailing_size(widest.words)
        self.bold = all(word.bold for piece in self.pieces for word in piece.words)


def _prevailing_size(words: Sequence[Word]) -> float:
    """Give the font size that half of the letters do not exceed: a large bullet does not count."""
    ordered = sorted((word.size, len(word.text)) for word in words)
    half = sum(length for _, length in ordered) / 2
    for size, length in ordered:
        half -= length
        if half <= 0:
            return size
    return ordered[-1][0]


def read_rows(words: Sequence[Word]) -> list[Row]:
    """Give the page's rows; text of the prevailing direction first, then that turned otherwise."""
    by_turn: dict[int, list[Word]] = {}
    for word in words:
        by_turn.setdefault(word.turn, []).append(word)
    groups = sorted(by_turn.values(), key=lambda group: -sum(len(word.text) for word in group))
    regions = (region for group in groups for region in _regions(_pieces(group)))
    return [row for number, region in enumerate(regions) for row in _rows(region, number)]


def _pieces(words: Iterable[Word]) -> list[Piece]:
    pieces: list[Piece] = []
    for word in words:
        piece = pieces[-1] if pieces else None
        if piece is not None and _goes_on(piece, word):
            piece.words.append(word)
            piece.x0, piece.x1 = min(piece.x0, word.x0), max(piece.x1, word.x1)
        else:
            pieces.append(Piece([word], word.x0, word.x1))
    return pieces


def _goes_on(piece: Piece, word: Word) -> bool:
    last = piece.words[-1]
    size = max(last.size, word.size)
    if abs(word.base - last.base) > _BASE_SHIFT * size:
        return False
    is_leftwards = word.x1 <= last.x0 + _OVERLAP * size and _is_right_to_left(word.text)
    gap = last.x0 - word.x1 if is_leftwards else word.x0 - last.x1
    return -_OVERLAP * size <= gap <= _WORD_GAP * size


def _regions(pieces: list[Piece], depth: int = 0) -> Iterator[list[Piece]]:
    """Give groups of pieces that are read one after the other, each of a single column."""
    gutter = _gutter(pieces) if depth < _MAX_DEPTH else None
    if gutter is None:
        yield from _stacked(pieces, depth)
        return
    left: list[Piece] = []
    right: list[Piece] = []
    across: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.base):
        if piece.x0 < gutter < piece.x1 and min(gutter - piece.x0, piece.x1 - gutter) > piece.size:
            yield from _band(left, right, depth)
            left, right = [], []
            across.append(piece)
            continue
        if across:
            yield across
            across = []
        (left if piece.x0 + piece.x1 < 2 * gutter else right).append(piece)
    if across:
        yield across
    yield from _band(left, right, depth)


def _stacked(pieces: list[Piece], depth: int) -> Iterator[list[Piece]]:
    """Look for columns between wide horizontal gaps: below a figure that takes the whole width, say."""
    bands: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.base):
        if bands and piece.base - bands[-1][-1].base <= _BAND_GAP * piece.size:
            bands[-1].append(piece)
        else:
            bands.append([piece])
    waiting: list[Piece] = []
    for band in bands:
        if depth >= _MAX_DEPTH or len(bands) == 1 or _gutter(band) is None:
            waiting += band
            continue
        if waiting:
            yield waiting
            waiting = []
        yield from _regions(band, depth + 1)
    if waiting:
        yield waiting


def _band(left: list[Piece], right: list[Piece], depth: int) -> Iterator[list[Piece]]:
    if max(len(left), len(right)) < 3:  # too little to be columns: a line of head or foot
        if left or right:
            yield left + right
        return
    if not (_is_text(left) and _is_text(right)) and _is_aligned(left, right):
        yield left + right  # a table whose columns happen to leave the gutter free
        return
    for column in (left, right):
        if column:
            yield from _regions(column, depth + 1)


def _gutter(pieces: Sequence[Piece], fill: float = _LINE_FILL) -> float | None:
    if len(pieces) < 2 * _MIN_COLUMN_PIECES:
        return None
    start, stop = min(piece.x0 for piece in pieces), max(piece.x1 for piece in pieces)
    width = int(stop - start) + 1
    changes = [0] * (width + 2)
    for piece in pieces:
        changes[int(piece.x0 - start)] += 1
        changes[int(piece.x1 - start) + 1] -= 1
    crossing = list(accumulate(changes))
    first, last = int(0.2 * width), int(0.8 * width)
    lowest = min(crossing[first : last + 1])
    if lowest > _MAX_CROSSING * len(pieces):
        return None
    left, right = _longest_run(crossing, lowest, first, last)
    gutter = start + (left + right) / 2
    sides = (
        [piece for piece in pieces if piece.x1 <= gutter],
        [piece for piece in pieces if piece.x0 >= gutter],
    )
    if min(map(len, sides)) < _MIN_COLUMN_PIECES:
        return None
    return gutter if all(_is_text(side, fill) for side in sides) else None


def _longest_run(values: Sequence[int], value: int, first: int, last: int) -> tuple[int, int]:
    best = (first, first)
    begin: int | None = None
    for index in range(first, last + 2):
        if index <= last and values[index] == value:
            begin = index if begin is None else begin
        elif begin is not None:
            if index - begin > best[1] - best[0]:
                best = (begin, index)
            begin = None
    return best


def _is_text(pieces: Sequence[Piece], fill: float = _LINE_FILL) -> bool:
    """Tell whether this is running text in one column or several."""
    return _is_running_text(pieces, fill) or _gutter(pieces, _NARROW_FILL) is not None


def _is_running_text(pieces: Sequence[Piece], fill: float) -> bool:
    if not pieces:
        return False
    column = max(piece.x1 for piece in pieces) - min(piece.x0 for piece in pieces)
    widths = [piece.x1 - piece.x0 for piece in pieces]
    lines = [
        width
        for width, piece in zip(widths, pieces, strict=True)
        if width >= max(_LINE_EMS * piece.size, fill * column)
    ]
    # Figures and code beside running text are many short pieces; their number must not outvote the text.
    return sum(lines) >= _MIN_LINES_SHARE * sum(widths)


def _is_aligned(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    """Tell whether most pieces of each side have one of the other side on their base line."""
    both = [(piece.base, 0, piece.size) for piece in left] + [
        (piece.base, 1, piece.size) for piece in right
    ]
    both.sort()
    alone = 0
    for index, (base, side, size) in enumerate(both):
        near = both[max(index - 1, 0) : index + 2]
        alone += all(other == side or abs(at - base) > 0.2 * size for at, other, _ in near)
    return alone <= (1 - _ALIGNED_SHARE) * len(both)


def _rows(pieces: list[Piece], region: int) -> Iterator[Row]:
    row: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.base):
        if row and piece.base - row[0].base > _BASE_SHIFT * min(row[0].size, piece.size):
            yield Row(_in_line(row), region)
            row = []
        row.append(piece)
    if row:
        yield Row(_in_line(row), region)


def _in_line(pieces: list[Piece]) -> list[Piece]:
    letters = "".join(word.text for piece in pieces for word in piece.words)
    if _is_right_to_left(letters):
        return sorted(pieces, key=lambda piece: -piece.x1)
    return sorted(pieces, key=lambda piece: piece.x0)


def _is_right_to_left(text: str) -> bool:
    if text.isascii():
        return False
    first, last = _RIGHT_TO_LEFT
    return 2 * sum(first <= letter <= last for letter in text) > len(text)
