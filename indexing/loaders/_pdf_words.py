"""A PDF page -> its words, each with its box on the page as it is shown.

Knows PDFium's characters and coordinates. Does not know lines, columns or reading order.
"""

import ctypes
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from pypdfium2 import PdfPage, PdfTextPage, raw

__all__ = ["Word", "read_words"]

# PDFium puts U+FFFE in place of a hyphen at the end of a line (U+0002 when asked for one character).
_TOKEN = re.compile(r"[^\s\ufffe\u0002]+[\ufffe\u0002]?|[\ufffe\u0002]")
_HYPHENS = str.maketrans({"\ufffe": "-", "\u0002": "-", "\0": None})
_CUTS = ("\ufffe", "\u0002")
_DEVICE = 1_000_000  # PDFium maps to whole pixels: a millionth of the page is precise enough
_BOLD = 600
_BOLD_NAME = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_MAX_FONT_NAME = 128


class Word(NamedTuple):
    """A word in two frames: the page's fractions, and points with the writing running to the right.

    In the second frame y grows downwards; a word on a page turned on its side lies in it like any other.
    """

    number: int  # in the order of the page's content
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    base: float  # y of the line that the letters stand on
    size: float  # height of the font
    bold: bool
    joined: bool  # goes on from the word before, which a hyphen at the end of a line had cut
    turn: int  # quarter turns clockwise from upright, as shown
    shown: tuple[float, float, float, float]  # x0, y0, x1, y1 as fractions of the page


@dataclass(frozen=True, slots=True)
class _Frame:
    """From PDF coordinates to fractions of the page as it is shown.

    u = a x + b y + c, v = d x + e y + f
    """

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float
    width: float  # of the page as shown, in points
    height: float
    turn: int  # quarter turns of the page, clockwise

    @classmethod
    def of(cls, page: PdfPage) -> "_Frame":
        """Ask PDFium where three points go: it knows crop box, rotation and unit."""
        width, height = page.get_size()
        (c, f), (ac, df), (bc, ef) = (
            _device(page, 0, 0), _device(page, width, 0), _device(page, 0, height)
        )  # fmt: skip
        return cls(
            (ac - c) / width, (bc - c) / height, c, (df - f) / width, (ef - f) / height, f,
            width, height, page.get_rotation() // 90,
        )  # fmt: skip

    def shown(self, x: float, y: float) -> tuple[float, float]:
        """Map a point to fractions of the page."""
        return self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f

    def upright(self, u: float, v: float, turn: int) -> tuple[float, float]:
        """Map fractions of the page to points in the frame where text turned so runs to the right."""
        x, y = u * self.width, v * self.height
        match turn:
            case 1:
                return y, -x
            case 2:
                return -x, -y
            case 3:
                return -y, x
            case _:
                return x, y


def read_words(page: PdfPage) -> list[Word]:
    """Give the page's words in the order of its content; those outside the visible page are left out."""
    if min(page.get_size()) <= 0:
        return []
    textpage = page.get_textpage()
    try:
        return list(_words(textpage, _Frame.of(page)))
    finally:
        textpage.close()


def _words(textpage: PdfTextPage, frame: _Frame) -> Iterator[Word]:
    # Three foreign calls a word, not one a character: three quarters of the time is PDFium's own parsing.
    handle: Any = textpage.raw  # Any: a foreign pointer
    text = _text(handle, textpage.count_chars())
    first, last = raw.FS_RECTF(), raw.FS_RECTF()
    first_ref, last_ref = ctypes.byref(first), ctypes.byref(last)
    origin_x, origin_y = ctypes.c_double(), ctypes.c_double()
    origin = (ctypes.byref(origin_x), ctypes.byref(origin_y))
    turn, bold, line_end = 0, False, -1
    for number, match in enumerate(_TOKEN.finditer(text)):
        start, end = match.span()
        letters = match.group().translate(_HYPHENS)
        if start >= line_end:  # a run of one line has one direction
            found = text.find("\n", start)
            line_end = len(text) if found < 0 else found
            turn = _turn(raw.FPDFText_GetCharAngle(handle, start), frame.turn)
            bold = _is_bold(handle, start) and _is_bold(handle, _last_letter(text, line_end))
        raw.FPDFText_GetLooseCharBox(handle, start, first_ref)
        raw.FPDFText_GetLooseCharBox(handle, end - 1, last_ref)
        raw.FPDFText_GetCharOrigin(handle, start, *origin)
        shown = _union(
            frame.shown(first.left, first.bottom), frame.shown(first.right, first.top),
            frame.shown(last.left, last.bottom), frame.shown(last.right, last.top),
        )  # fmt: skip
        u0, v0, u1, v1 = shown
        # Written so that a box that is no number is outside, too.
        if not (letters and u1 > 0 and v1 > 0 and u0 < 1 and v0 < 1):
            continue
        shown = (max(u0, 0.0), max(v0, 0.0), min(u1, 1.0), min(v1, 1.0))
        x0, y0, x1, y1 = _union(
            frame.upright(shown[0], shown[1], turn), frame.upright(shown[2], shown[3], turn)
        )
        base = frame.upright(*frame.shown(origin_x.value, origin_y.value), turn)[1]
        size = y1 - y0
        if not y0 - size <= base <= y1 + size:
            base = y1
        joined = start > 0 and text[start - 1] in _CUTS
        yield Word(number, letters, x0, y0, x1, y1, base, size, bold, joined, turn, shown)


def _text(handle: Any, num_chars: int) -> str:  # Any: a foreign pointer
    """Give a text whose n-th character is PDFium's n-th character."""
    if num_chars <= 0:
        return ""
    buffer = (ctypes.c_ushort * (2 * num_chars + 2))()
    written = raw.FPDFText_GetText(handle, 0, num_chars, buffer)
    text = bytes(buffer)[: 2 * max(written - 1, 0)].decode("utf-16-le", errors="replace")
    if len(text) == num_chars:
        return text
    # PDFium leaves characters out of its text or puts some in: ask for each one.
    codes = (raw.FPDFText_GetUnicode(handle, index) for index in range(num_chars))
    return "".join(chr(code) if code < 0x110000 else "\ufffd" for code in codes)


def _is_bold(handle: Any, index: int) -> bool:  # Any: a foreign pointer
    """Tell whether a character is bold: PDFium's weight is a guess, so the font's name counts, too."""
    if raw.FPDFText_GetFontWeight(handle, index) >= _BOLD:
        return True
    name = ctypes.create_string_buffer(_MAX_FONT_NAME)
    raw.FPDFText_GetFontInfo(handle, index, name, _MAX_FONT_NAME, None)
    return _BOLD_NAME.search(name.value) is not None


def _last_letter(text: str, end: int) -> int:
    while text[end - 1].isspace():
        end -= 1
    return end - 1


def _turn(angle: float, page_turn: int) -> int:
    """Give the quarter turns clockwise of text at this angle (radians, clockwise) on a page turned so."""
    return (round(angle / (math.pi / 2)) + page_turn) % 4 if angle >= 0 else page_turn % 4


def _union(*points: tuple[float, float]) -> tuple[float, float, float, float]:
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _device(page: PdfPage, x: float, y: float) -> tuple[float, float]:
    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(
        page.raw, 0, 0, _DEVICE, _DEVICE, 0, x, y, ctypes.byref(across), ctypes.byref(down)
    )
    return across.value / _DEVICE, down.value / _DEVICE
