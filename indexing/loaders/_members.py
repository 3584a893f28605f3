"""What a zip archive holds, archives inside it too: names that can be trusted, bytes that are counted.

Sizes count as they come out, whatever the archive says of them. Hidden files and those of kinds that no
loader takes are passed over, as in a folder.
"""

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO

from indexing.content_kinds import ContentKind, document_in, kind_of
from indexing.loaders._cyrillic import cyrillic_encoding
from indexing.loaders._nested import MAX_DEPTH, is_read
from indexing.loaders._text import clean
from rag.core.errors import UnreadableDocumentError

__all__ = ["Member", "members"]

_MAX_MEMBERS = 10_000
_MAX_RATIO = 200  # texts stay below 100; deflate alone reaches 1032
_FREE_BYTES = 64_000_000  # so much may be packed as tightly as it likes
_PIECE_BYTES = 1 << 20
_ENTRY_MARK = b"PK\x01\x02"
_MAX_MARKS = 10 * _MAX_MEMBERS  # archives stored inside have theirs
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_ENCRYPTED, _UTF8 = 0x1, 0x800
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack in pieces of any size
_BROKEN = (EOFError, LookupError, NotImplementedError, OSError, RuntimeError, ValueError,
           zipfile.BadZipFile, zlib.error)  # fmt: skip


@dataclass(slots=True)
class _Room:
    """What is left for the outermost archive."""

    members: int
    bytes_left: int
    max_bytes: int

    @property
    def is_full(self) -> bool:
        return self.members < 0 or self.bytes_left < 0


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive, or the reason why it is not read."""

    name: str  # with the folders and archives that it is in, parted by `/`
    error: str | None = None
    _archive: zipfile.ZipFile | None = None
    _entry: zipfile.ZipInfo | None = None
    _room: _Room | None = None

    @property
    def is_room_full(self) -> bool:
        """Tell whether the whole archive unpacked to too much: no other member can be read either."""
        return self._room is not None and self._room.is_full

    def read(self) -> bytes:
        """Unpack it.

        Raises:
            UnreadableDocumentError: it is broken, or the whole archive unpacks to too much.
        """
        assert self._archive is not None
        assert self._entry is not None
        assert self._room is not None
        try:
            with self._archive.open(self._entry) as stream:
                return b"".join(_counted(stream, self._room))
        except _BROKEN as error:
            raise UnreadableDocumentError(
                f"{self.name!r} cannot be unpacked: it is broken ({str(error) or type(error).__name__});"
                " make the archive anew"
            ) from error


def members(content: bytes, *, name: str, max_bytes: int) -> Iterator[Member]:
    """Give the files of an archive and of those inside it; each is read, or not, before the next is given.

    Args:
        content: the archive.
        name: what errors call it.
        max_bytes: of all that is unpacked of it.

    Raises:
        UnreadableDocumentError: it is broken, holds too many files, or unpacks to too much.
    """
    limit = min(max_bytes, max(_FREE_BYTES, _MAX_RATIO * len(content)))
    yield from _members(content, name=name, room=_Room(_MAX_MEMBERS, limit, limit), depth=0)


def _members(content: bytes, *, name: str, room: _Room, depth: int) -> Iterator[Member]:
    seen: set[str] = set()
    with _opened(content, name=name) as archive:
        if kind := document_in(archive):
            raise _misnamed(name, kind)
        code_page = _code_page(archive.infolist())
        found = [
            member
            for entry in archive.infolist()
            if (member := _member(archive, entry, room, code_page)) is not None
        ]
        room.members -= len(found)
        if room.members < 0:
            raise UnreadableDocumentError(
                f"{name!r} holds more than {_MAX_MEMBERS} files, the most that is read; split it"
            )
        for member in found:
            if member.error is None and member.name in seen:
                yield replace(member, error=f"{member.name!r} stands twice in the archive; rename one")
            elif member.error is None and member.name.lower().endswith(".zip"):
                yield from _inside(member, room, depth + 1)
            else:
                yield member
            seen.add(member.name)


def _inside(outer: Member, room: _Room, depth: int) -> Iterator[Member]:
    if depth > MAX_DEPTH:
        yield replace(
            outer, error=f"{outer.name!r}: archives nest more than {MAX_DEPTH} deep; unpack it first"
        )
        return
    try:
        content = outer.read()
        for member in _members(content, name=outer.name, room=room, depth=depth):
            yield replace(member, name=f"{outer.name}/{member.name}")
    except UnreadableDocumentError as error:
        if room.is_full:
            raise
        yield replace(outer, error=str(error))


@contextmanager
def _opened(content: bytes, *, name: str) -> Iterator[zipfile.ZipFile]:
    if content.count(_ENTRY_MARK) > _MAX_MARKS:
        raise UnreadableDocumentError(
            f"{name!r} holds more than {_MAX_MEMBERS} files, the most that is read; split it"
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except _BROKEN as error:
        if (kind := kind_of(content)) and ".zip" not in kind.suffixes and kind.suffixes:
            raise _misnamed(name, kind) from error
        raise UnreadableDocumentError(
            f"{name!r} cannot be read as a zip archive: it is broken or cut short"
            f" ({str(error) or type(error).__name__}); make it anew"
        ) from error
    with archive:
        yield archive


def _misnamed(name: str, kind: ContentKind) -> UnreadableDocumentError:
    return UnreadableDocumentError(f"{name!r}: named .zip but it is {kind.what}; {kind.advice}")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: _Room, code_page: str) -> Member | None:
    """Give a member whose name is safe, or which says why it is not read; none for what is passed over."""
    name = clean(_name(entry, code_page))
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if entry.is_dir() or name.endswith("/") or not parts or not is_read(parts[-1]):
        return None
    if any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts):
        return None
    shown = "/".join(parts)
    refusal = _refusal(entry, name, parts)
    if refusal:
        return Member(shown, f"{name!r} {refusal}")
    return Member(shown, None, archive, entry, room)


def _refusal(entry: zipfile.ZipInfo, name: str, parts: list[str]) -> str:
    """Give why a file is not read, and what to do; nothing when it is."""
    if ".." in parts or name.startswith("/") or parts[0].endswith(":"):
        return "leads out of the archive, which is not followed; make it anew"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link, which is not followed; put the file itself in the archive"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted; make the archive without a password"
    if entry.compress_type not in _METHODS:
        return "is packed by a method that is not read; make the archive with deflate"
    return ""


def _name(entry: zipfile.ZipInfo, code_page: str) -> str:
    """Give the name with `/` only; most programs write UTF-8 and many of them do not say so."""
    raw = _undeclared(entry)
    name = entry.filename if raw is None else raw.decode("utf-8" if _is_utf8(raw) else code_page, "replace")
    return name.replace("\\", "/")


def _code_page(entries: Sequence[zipfile.ZipInfo]) -> str:
    """Tell in which encoding the names are that are no UTF-8: Windows writes that of its language."""
    names = [raw for entry in entries if (raw := _undeclared(entry)) is not None and not _is_utf8(raw)]
    words = [word for word in _WORD.findall(b" ".join(names)) if not word.isascii()]
    return cyrillic_encoding(words) or "cp437"


def _undeclared(entry: zipfile.ZipInfo) -> bytes | None:
    """Give a name's bytes; none where it is known in which encoding they are."""
    try:
        return None if entry.flag_bits & _UTF8 else entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return None


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _counted(stream: IO[bytes], room: _Room) -> Iterator[bytes]:
    while piece := stream.read(_PIECE_BYTES):
        room.bytes_left -= len(piece)
        if room.bytes_left < 0:
            raise UnreadableDocumentError(
                f"the archive unpacks to more than {room.max_bytes} bytes, the most that is read of it;"
                " split it"
            )
        yield piece
