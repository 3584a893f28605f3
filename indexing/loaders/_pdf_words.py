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
_Box = tuple[float, float, float, float]  # x0, y0, x1, y1
_LEAST = 1e-6  # a box has a width and a height, also that of a mark without any


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
    shown: _Box  # as fractions of the page


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

    def box(self, x0: float, y0: float, x1: float, y1: float) -> _Box | None:
        """Map a box to fractions of the page, cut off at its edges; None when it is outside."""
        a, b, c, d, e, f = self.a, self.b, self.c, self.d, self.e, self.f
        us = (a * x0 + b * y0 + c, a * x1 + b * y1 + c)
        vs = (d * x0 + e * y0 + f, d * x1 + e * y1 + f)
        u0, u1 = us if us[0] <= us[1] else us[::-1]
        v0, v1 = vs if vs[0] <= vs[1] else vs[::-1]
        # Written so that a box that is no number is outside, too.
        if not (u1 > 0 and v1 > 0 and u0 < 1 and v0 < 1):
            return None
        u0, v0 = min(max(u0, 0.0), 1 - _LEAST), min(max(v0, 0.0), 1 - _LEAST)
        return u0, v0, max(min(u1, 1.0), u0 + _LEAST), max(min(v1, 1.0), v0 + _LEAST)

    def upright(self, box: _Box, turn: int) -> _Box:
        """Map a box in fractions of the page to points in the frame where text turned so runs right."""
        x0, y0, x1, y1 = (
            box[0] * self.width, box[1] * self.height, box[2] * self.width, box[3] * self.height
        )  # fmt: skip
        match turn:
            case 1:
                return y0, -x1, y1, -x0
            case 2:
                return -x1, -y1, -x0, -y0
            case 3:
                return -y1, x0, -y0, x1
            case _:
                return x0, y0, x1, y1

    def base(self, x: float, y: float, turn: int) -> float:
        """Give how far down a point is in the frame where text turned so runs to the right."""
        across = (self.a * x + self.b * y + self.c) * self.width
        down = (self.d * x + self.e * y + self.f) * self.height
        return (down, -across, -down, across)[turn]


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
        letters = _whole(match.group().translate(_HYPHENS))
        if start >= line_end:  # a run of one line has one direction
            found = text.find("\n", start)
            line_end = len(text) if found < 0 else found
            turn = _turn(raw.FPDFText_GetCharAngle(handle, start), frame.turn)
            bold = _is_bold(handle, start) and _is_bold(handle, _last_letter(text, line_end))
        raw.FPDFText_GetLooseCharBox(handle, start, first_ref)
        raw.FPDFText_GetLooseCharBox(handle, end - 1, last_ref)
        raw.FPDFText_GetCharOrigin(handle, start, *origin)
        shown = frame.box(
            min(first.left, last.left), min(first.bottom, last.bottom),
            max(first.right, last.right), max(first.top, last.top),
        )  # fmt: skip
        if shown is None or not letters:
            continue
        x0, y0, x1, y1 = frame.upright(shown, turn)
        base = frame.base(origin_x.value, origin_y.value, turn)
        size = y1 - y0
        if not y0 - size <= base <= y1 + size:
            base = y1
        joined = start > 0 and text[start - 1] in _CUTS
        yield Word(number, letters, x0, y0, x1, y1, base, size, bold, joined, turn, shown)


def _text(handle: Any, num_chars: int) -> str:  # Any: a foreign pointer
    """Give a text whose n-th character is PDFium's n-th: of one beyond U+FFFF, two halves."""
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


def _whole(text: str) -> str:
    """Give the text with the halves of a character put together."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


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


def _device(page: PdfPage, x: float, y: float) -> tuple[float, float]:
    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(
        page.raw, 0, 0, _DEVICE, _DEVICE, 0, x, y, ctypes.byref(across), ctypes.byref(down)
    )
    return across.value / _DEVICE, down.value / _DEVICE
