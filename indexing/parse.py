"""Bytes of any format -> a parsed document: finds the loader by the file's suffix.

Knows which first bytes belong to which suffix; what is in the file only its loader knows.
"""

from functools import cache
from pathlib import PurePath
from typing import Protocol

from rag.core.errors import UnreadableDocumentError, UnsupportedFormatError
from rag.core.protocols import Loader
from rag.core.registry import Family
from rag.core.types import Chunk, ParsedDocument

__all__ = ["Read", "parse_document", "read_uncut", "supported_suffixes"]


_LOADERS = Family("indexing.loaders")
_PDF_HEADER_BYTES = 1024  # readers accept a PDF whose mark stands anywhere in them
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PNG = b"\x89PNG\r\n"
_JPEG = b"\xff\xd8\xff"
_ZIP = b"PK"
_EXPECTED = {  # what a file of the suffix begins with, and what it is; others are text
    ".docx": (_ZIP, "Word document"),
    ".epub": (_ZIP, "e-book"),
    ".msg": (_OLD_OFFICE, "Outlook message"),
    ".ods": (_ZIP, "OpenDocument spreadsheet"),
    ".odt": (_ZIP, "OpenDocument text"),
    ".pdf": (b"%PDF-", "PDF"),
    ".png": (_PNG, "PNG image"),
    ".pptx": (_ZIP, "PowerPoint presentation"),
    ".rtf": (b"{\\rtf", "RTF document"),
    ".xls": (_OLD_OFFICE, "old Excel workbook"),
    **dict.fromkeys((".jpeg", ".jpg"), (_JPEG, "JPEG image")),
    ".zip": (_ZIP, "zip archive"),
    **dict.fromkeys((".xlsm", ".xlsx", ".xltx"), (_ZIP, "Excel workbook")),
}
_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive (an Office file, perhaps)"),
    (_OLD_OFFICE, "an old or encrypted Office file"),
    (_PNG, "a PNG image"),
    (_JPEG, "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
)


class Read(Protocol):
    """Bytes -> a document, and its chunks where it was cut already; fails as `parse_document` does."""

    def __call__(self, content: bytes, *, name: str) -> tuple[ParsedDocument, list[Chunk] | None]:
        """Read a document."""
        ...


def read_uncut(content: bytes, *, name: str) -> tuple[ParsedDocument, None]:
    """Read a document here."""
    return parse_document(content, name=name), None


def parse_document(content: bytes, *, name: str) -> ParsedDocument:
    """Read a document by the loader that its name's suffix chooses.

    Raises:
        UnsupportedFormatError: no loader takes the suffix.
        UnreadableDocumentError: the bytes are not what the suffix says, are encrypted, or hold no text.
    """
    suffix = PurePath(name).suffix.lower()
    loader = _loaders().get(suffix)
    if loader is None:
        raise UnsupportedFormatError(
            f"{name!r}: no loader takes {suffix or 'a name without suffix'};"
            f" allowed: {', '.join(supported_suffixes())}; convert the file to one of these"
        )
    if not content:
        raise UnreadableDocumentError(
            f"{name!r}: the file is empty; check that it was saved or copied whole"
        )
    _check_signature(content, suffix, name=name)
    return loader.load(content, name=name)


@cache
def supported_suffixes() -> tuple[str, ...]:
    """List the suffixes that some loader takes, sorted."""
    return tuple(sorted(_loaders()))


@cache
def _loaders() -> dict[str, Loader]:
    loaders: list[Loader] = [_LOADERS.load(name)() for name in _LOADERS.names()]
    return {suffix: loader for loader in loaders for suffix in loader.suffixes}


def _check_signature(content: bytes, suffix: str, *, name: str) -> None:
    found = next((kind for mark, kind in _SIGNATURES if content.startswith(mark)), None)
    mark, kind = _EXPECTED.get(suffix, (b"", ""))
    if not mark:
        if found is not None:
            raise UnreadableDocumentError(
                f"{name!r}: named {suffix} but it is {found}; give it the suffix of what it is"
            )
    elif suffix == ".pdf":
        if mark not in content[:_PDF_HEADER_BYTES]:
            raise UnreadableDocumentError(
                f"{name!r}: named .pdf but it is {found or 'no PDF'}; check the file"
            )
    elif mark == _ZIP and content.startswith(_OLD_OFFICE):
        raise UnreadableDocumentError(
            f"{name!r}: an encrypted document or one in Office's old format; open it (with its password)"
            f" in the program that made it and save it as {suffix} without one"
        )
    elif not content.startswith(mark):
        raise UnreadableDocumentError(
            f"{name!r}: named {suffix} but it is {found or f'no {kind}'}; check the file"
        )
