"""Zip containers (Office, OpenDocument): opened only once it is counted what they unpack to.

Knows zip, what breaks in it, and the properties that both families keep. Knows no format's text.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from indexing.loaders._text import clean, one_line
from indexing.loaders._xml import ExpatError, tree
from rag.core.errors import UnreadableDocumentError
from rag.core.types import Attribute

__all__ = ["open_archive", "properties", "reading"]

_MAX_UNPACKED_BYTES = 512_000_000
_MAX_RATIO = 200  # real documents stay below 100; deflate alone reaches 1032
_FREE_BYTES = 64_000_000  # so much may be packed as tightly as it likes
_PIECE_BYTES = 1 << 20
_ENCRYPTED = 1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # zipfile unpacks others without limit
_DATE_LENGTH = len("2020-01-31")
_BROKEN = (
    ArithmeticError, AttributeError, EOFError, ExpatError, LookupError, NotImplementedError, OSError,
    RuntimeError, TypeError, ValueError, lzma.LZMAError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@contextmanager
def reading(name: str, *, kind: str, program: str) -> Iterator[None]:
    """Turn whatever reading a broken file of this kind runs into to one error that says what to do.

    Raises:
        UnreadableDocumentError: the body raised one of those.
    """
    try:
        yield
    except _BROKEN as error:
        raise UnreadableDocumentError(
            f"{name!r} cannot be read as {kind}: it is broken or cut short"
            f" ({str(error) or type(error).__name__}); open it in {program} and save it anew"
        ) from error


@contextmanager
def open_archive(content: bytes, *, name: str) -> Iterator[zipfile.ZipFile]:
    """Open the archive after unpacking it once to count: what it says of its sizes may be false.

    Raises:
        UnreadableDocumentError: it unpacks to too much, or is encrypted.
        zipfile.BadZipFile: it is broken (as zlib.error and others; see `reading`).
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        limit = min(_MAX_UNPACKED_BYTES, max(_FREE_BYTES, _MAX_RATIO * len(content)))
        unpacked = 0
        for entry in archive.infolist():
            if entry.flag_bits & _ENCRYPTED:
                raise UnreadableDocumentError(f"{name!r} is encrypted; save it without a password")
            if entry.compress_type not in _METHODS:
                raise ValueError(f"method {entry.compress_type} packs its part {entry.filename!r}")
            with archive.open(entry) as stream:
                while piece := stream.read(_PIECE_BYTES):
                    if b"<!ENTITY" in piece and entry.filename.endswith((".xml", ".rels")):
                        raise ValueError(f"its part {entry.filename!r} declares an entity")
                    unpacked += len(piece)
                    if unpacked > limit:
                        raise UnreadableDocumentError(
                            f"{name!r} has {len(content)} bytes and unpacks to more than {limit},"
                            " the most that is read of it; split it, or leave out its pictures"
                        )
        yield archive


def properties(archive: zipfile.ZipFile, part: str) -> tuple[str, dict[str, Attribute]]:
    """Give title (empty without one) and metadata: author and created, where the part has them."""
    if part not in archive.namelist():
        return "", {}
    with archive.open(part) as stream:
        found = {element.tag.rpartition("}")[2]: element.text or "" for element in tree(stream).iter()}
    values = {field: one_line(clean(text)) for field, text in found.items()}
    metadata: dict[str, Attribute] = {}
    if author := values.get("initial-creator") or values.get("creator"):
        metadata["author"] = author
    if created := values.get("created") or values.get("creation-date"):
        metadata["created"] = created[:_DATE_LENGTH]
    return values.get("title", ""), metadata
