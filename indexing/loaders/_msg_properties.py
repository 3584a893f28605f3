"""Properties of Outlook's messages: numbers are in one stream of a storage, the rest in one stream each.

Source: [MS-OXMSG], sections 2.1 to 2.4. Texts are UTF-16, or in a code page that the message names.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from indexing.loaders._text import decode
from rag.core.errors import UnreadableDocumentError

__all__ = ["Properties"]

_STREAM = "__properties_version1.0"
_MESSAGE_HEADER, _INNER_HEADER, _PART_HEADER = 32, 24, 8  # bytes before the first number
_ENTRY = struct.Struct("<HHIq")
_LONG, _TIME = 0x0003, 0x0040
_INTERNET_CODE_PAGE, _CODE_PAGE = 0x3FDE, 0x3FFD
_CHARSETS = {
    936: "gb18030", 20127: "cp1252", 20866: "koi8-r", 21866: "koi8-u", 50220: "iso-2022-jp",
    50221: "iso-2022-jp", 50222: "iso-2022-jp", 50225: "iso-2022-kr", 51932: "euc-jp", 51949: "euc-kr",
    52936: "hz", 54936: "gb18030", 65001: "utf-8",
}  # fmt: skip
_ISO_8859 = 28590  # and the number of the part


@dataclass(frozen=True, slots=True)
class Properties:
    """What one storage holds: a message, someone it went to, or an attachment."""

    _file: Any  # Any: of a library without types
    _path: tuple[str, ...]
    _numbers: dict[int, int]
    _charset: str | None

    @classmethod
    def of_file(cls, file: Any) -> "Properties":  # Any: as above
        """Give those of the message that a file is."""
        return cls._at(file, (), header=_MESSAGE_HEADER, charset=None)

    @classmethod
    def _at(cls, file: Any, path: tuple[str, ...], *, header: int, charset: str | None) -> "Properties":
        numbers = _numbers(_read(file, (*path, _STREAM)), header)
        page = numbers.get(_CODE_PAGE) or numbers.get(_INTERNET_CODE_PAGE)
        return cls(file, path, numbers, _charset(page) or charset)

    @property
    def is_message(self) -> bool:
        """Tell whether it is a message at all."""
        return bool(self._file.exists(_STREAM))

    def text(self, key: int) -> str:
        """Give a text; empty without one."""
        wide = self._stream(key, "001F")
        if wide:
            return wide.decode("utf-16-le", "replace")
        return self._decoded(self._stream(key, "001E"), self._charset)

    def first_text(self, *keys: int) -> str:
        """Give the first of several texts that is not blank."""
        return next((text for text in map(self.text, keys) if text.strip("\0 ")), "")

    def markup(self, key: int) -> str:
        """Give a text that says itself, or whose message says, in what character set it is."""
        page = self.number(_INTERNET_CODE_PAGE)
        return self.text(key) or self._decoded(self.content(key), _charset(page) or self._charset)

    def content(self, key: int) -> bytes:
        """Give bytes; none without them."""
        return self._stream(key, "0102")

    def number(self, key: int) -> int:
        """Give a number or a time; 0 without one."""
        return self._numbers.get(key, 0)

    def inside(self, prefix: str) -> Iterator["Properties"]:
        """Give the people or attachments of a message, in their order."""
        depth = len(self._path)
        names = {
            entry[depth]
            for entry in self._file.listdir(streams=True, storages=False)
            if len(entry) > depth and tuple(entry[:depth]) == self._path and entry[depth].startswith(prefix)
        }
        for name in sorted(names):
            yield self._at(self._file, (*self._path, name), header=_PART_HEADER, charset=self._charset)

    def message(self, key: int) -> "Properties | None":
        """Give those of a message that is attached; none when it is something else."""
        path = (*self._path, f"__substg1.0_{key:04X}000D")
        if not self._file.exists("/".join((*path, _STREAM))):
            return None
        return self._at(self._file, path, header=_INNER_HEADER, charset=self._charset)

    def _stream(self, key: int, kind: str) -> bytes:
        return _read(self._file, (*self._path, f"__substg1.0_{key:04X}{kind}"))

    def _decoded(self, content: bytes, charset: str | None) -> str:
        if not content:
            return ""
        try:
            return decode(content, name="a text of the message", declared=charset)
        except UnreadableDocumentError:
            return content.decode("utf-8", "replace")


def _numbers(content: bytes, header: int) -> dict[int, int]:
    entries = content[header:]
    whole = entries[: len(entries) // _ENTRY.size * _ENTRY.size]
    found = {}
    for kind, key, _, value in _ENTRY.iter_unpack(whole):
        if kind in (_LONG, _TIME):
            found[key] = value & 0xFFFFFFFF if kind == _LONG else value
    return found


def _read(file: Any, path: tuple[str, ...]) -> bytes:  # Any: as above
    place = "/".join(path)
    if not file.exists(place) or file.get_type(place) != 2:
        return b""
    content: bytes = file.openstream(place).read()
    return content


def _charset(page: int | None) -> str | None:
    if not page:
        return None
    if _ISO_8859 < page <= _ISO_8859 + 16:
        return f"iso-8859-{page - _ISO_8859}"
    return _CHARSETS.get(page, f"cp{page}")
