"""The inner form of RTF: control words, groups, and characters of many encodings.

Knows the syntax and which code page a font or a document has. Knows no structure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Control", "Group", "pieces"]

_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)", re.DOTALL
)
_SYMBOLS = {
    "tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "bullet": "•",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "~": "\u00a0", "_": "-", "{": "{",
    "}": "}", "\\": "\\",
}  # fmt: skip
_CHARSETS = {  # of fonts; 0 is the document's own, 2 are symbols
    77: "mac-roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 255: "cp437",
}  # fmt: skip
_DOCUMENT_SETS = {"ansi": "cp1252", "mac": "mac-roman", "pc": "cp437", "pca": "cp850"}
_CODE_PAGES = {65001: "utf-8", 10000: "mac-roman", 936: "gb18030"}
_MAX_DEPTH = 1000
_WIDE = 0x10000


@dataclass(slots=True)
class Group:
    """What holds up to the end of a group."""

    destination: str = ""  # what its text is, where it is not the document's
    font: int | None = None
    num_skipped: int = 1  # characters after a `\\u` that say the same again
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Control:
    """A control word with its number; `*`, `{` and `}` for those signs."""

    word: str
    number: int | None = None


@dataclass(slots=True)
class _Decoder:
    """Collects bytes until it is known that they are whole characters."""

    code_page: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    default_font: int = 0
    waiting: bytearray = field(default_factory=bytearray)
    to_skip: int = 0

    def encoding(self, group: Group) -> str:
        """Give the encoding of the group's bytes."""
        font = self.default_font if group.font is None else group.font
        return self.fonts.get(font, self.code_page)

    def take(self, group: Group) -> str:
        """Give the text of the bytes so far."""
        text = self.waiting.decode(self.encoding(group), "replace")
        self.waiting.clear()
        return text

    def add(self, content: bytes) -> None:
        """Take bytes, without those that only repeat the Unicode character before them."""
        skipped = min(self.to_skip, len(content))
        self.to_skip -= skipped
        self.waiting += content[skipped:]


def pieces(content: bytes) -> Iterator[tuple[Group, str | Control]]:
    """Give text and control words in order, each with the group it stands in.

    Raises:
        ValueError: groups nest too deep.
    """
    decoder = _Decoder()
    groups = [Group()]
    position = 0
    while match := _TOKEN.search(content, position):
        position = match.end()
        code, word, number, sign, brace, plain = match.groups()
        group = groups[-1]
        if plain is not None or code is not None:
            decoder.add(plain if plain is not None else bytes.fromhex(code.decode()))
            continue
        name = (word or sign or brace).decode("latin-1")
        value = int(number) if number else None
        if name == "u" and value is not None:
            yield group, decoder.take(group) + _character(value)
            decoder.to_skip = group.num_skipped
            continue
        if decoder.waiting:
            yield group, decoder.take(group)
        decoder.to_skip = 0
        if name == "bin":
            position += max(value or 0, 0)
        if brace:
            yield from _brace(name, groups)
        else:
            _note(name, value, group, decoder)
            yield group, _SYMBOLS[name] if name in _SYMBOLS else Control(name, value)
    if decoder.waiting:
        yield groups[-1], decoder.take(groups[-1])


def _brace(brace: str, groups: list[Group]) -> Iterator[tuple[Group, Control]]:
    group = groups[-1]
    if brace == "{":
        if len(groups) > _MAX_DEPTH:
            raise ValueError(f"groups nest more than {_MAX_DEPTH} deep")
        groups.append(Group(group.destination, group.font, group.num_skipped, group.is_hidden))
    elif len(groups) > 1:
        groups.pop()
    yield groups[-1], Control(brace)


def _note(name: str, value: int | None, group: Group, decoder: _Decoder) -> None:
    """Keep what a control word says of encodings."""
    if value is None:
        decoder.code_page = _DOCUMENT_SETS.get(name, decoder.code_page)
    elif name == "ansicpg":
        decoder.code_page = _code_page(value, decoder.code_page)
    elif name == "uc":
        group.num_skipped = max(value, 0)
    elif name == "f":
        group.font = value
    elif name == "deff":
        decoder.default_font = value
    elif name in ("fcharset", "cpg") and group.font is not None:
        encoding = _CHARSETS.get(value, "") if name == "fcharset" else _code_page(value, "")
        decoder.fonts |= {group.font: encoding} if encoding else {}


def _code_page(number: int, otherwise: str) -> str:
    encoding = _CODE_PAGES.get(number, f"cp{number}")
    try:
        b"".decode(encoding)
    except LookupError:
        return otherwise
    return encoding


def _character(value: int) -> str:
    """Give the UTF-16 unit; negative numbers are how RTF writes those from 32768 on."""
    return chr(value % _WIDE)
