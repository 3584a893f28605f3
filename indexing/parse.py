"""Bytes of any format -> a parsed document: finds the loader by the file's suffix.

Knows which first bytes a suffix calls for; what is in the file only its loader knows.
"""

from functools import cache
from pathlib import PurePath
from typing import Protocol

from indexing.content_kinds import OLD_OFFICE, WEB_PAGE, ContentKind, kind_of
from rag.core.errors import UnreadableDocumentError, UnsupportedFormatError
from rag.core.protocols import Loader
from rag.core.registry import Family
from rag.core.types import Chunk, ParsedDocument

__all__ = ["Read", "parse_document", "read_uncut", "supported_suffixes"]


_LOADERS = Family("indexing.loaders")
_PDF_HEADER_BYTES = 1024  # readers accept a PDF whose mark stands anywhere in them
_PNG = b"\x89PNG\r\n"
_JPEG = b"\xff\xd8\xff"
_ZIP = b"PK"
_EXPECTED = {  # what a file of the suffix begins with, and what it is; others are text
    ".docx": (_ZIP, "Word document"),
    ".epub": (_ZIP, "e-book"),
    ".msg": (OLD_OFFICE, "Outlook message"),
    ".ods": (_ZIP, "OpenDocument spreadsheet"),
    ".odt": (_ZIP, "OpenDocument text"),
    ".pdf": (b"%PDF-", "PDF"),
    ".png": (_PNG, "PNG image"),
    ".pptx": (_ZIP, "PowerPoint presentation"),
    ".rtf": (b"{\\rtf", "RTF document"),
    ".xls": (OLD_OFFICE, "old Excel workbook"),
    **dict.fromkeys((".jpeg", ".jpg"), (_JPEG, "JPEG image")),
    ".zip": (_ZIP, "zip archive"),
    **dict.fromkeys((".xlsm", ".xlsx", ".xltx"), (_ZIP, "Excel workbook")),
}


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
        raise UnsupportedFormatError(f"{name!r}: no loader takes {_unknown(suffix, kind_of(content))}")
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


def _unknown(suffix: str, kind: ContentKind | None) -> str:
    named = suffix or "a name without suffix"
    if kind is not None and kind.suffixes:
        return f"{named}, and it is {kind.what}; {kind.advice}"
    what = f" (it is {kind.what})" if kind else ""
    allowed = ", ".join(supported_suffixes())
    return f"{named}{what}; allowed: {allowed}; convert the file to one of these"


def _check_signature(content: bytes, suffix: str, *, name: str) -> None:
    found = kind_of(content)
    mark, kind = _EXPECTED.get(suffix, (b"", ""))
    if mark == _ZIP and content.startswith(OLD_OFFICE):
        raise UnreadableDocumentError(
            f"{name!r}: an encrypted document or one in Office's old format; open it (with its password)"
            f" in the program that made it and save it as {suffix} without one"
        )
    if not mark:
        is_wrong = found is not None and found is not WEB_PAGE  # a page may be read as text, too
    elif suffix == ".pdf":
        is_wrong = mark not in content[:_PDF_HEADER_BYTES]
    else:
        is_other = found is not None and bool(found.suffixes) and suffix not in found.suffixes
        is_wrong = is_other or not content.startswith(mark)
    if is_wrong:
        what, advice = (found.what, found.advice) if found else (f"no {kind}", "check the file")
        raise UnreadableDocumentError(f"{name!r}: named {suffix} but it is {what}; {advice}")
