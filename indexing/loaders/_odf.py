"""What OpenDocument files have in common: their parts, names and the text of a paragraph.

Knows the namespaces, encryption, and how white space is written. Knows no structure above a paragraph.
"""

import zipfile
from collections.abc import Iterator
from typing import Final

from indexing.loaders._xml import Element, tree
from rag.core.errors import UnreadableDocumentError

__all__ = [
    "DRAW",
    "NOTE",
    "OFFICE",
    "SKIPPED",
    "STYLE",
    "TABLE",
    "TEXT",
    "attribute",
    "check",
    "note_mark",
    "spaces",
    "words",
]

_BASE = "{urn:oasis:names:tc:opendocument:xmlns:"
OFFICE: Final = f"{_BASE}office:1.0}}"
STYLE: Final = f"{_BASE}style:1.0}}"
TABLE: Final = f"{_BASE}table:1.0}}"
TEXT: Final = f"{_BASE}text:1.0}}"
DRAW: Final = f"{_BASE}drawing:1.0}}"
NOTE: Final = f"{TEXT}note"
SKIPPED: Final = frozenset(  # notes and comments, what was deleted, the hints over characters
    {NOTE, f"{OFFICE}annotation", f"{TEXT}tracked-changes", f"{TEXT}ruby-text"}
)
_MAX_SPACES = 100


def check(archive: zipfile.ZipFile, *, name: str) -> None:
    """Refuse an encrypted document: its parts are noise.

    Raises:
        UnreadableDocumentError: the manifest says so.
    """
    if "META-INF/manifest.xml" not in archive.namelist():
        return
    with archive.open("META-INF/manifest.xml") as stream:
        is_encrypted = any(element.tag.endswith("}encryption-data") for element in tree(stream).iter())
    if is_encrypted:
        raise UnreadableDocumentError(
            f"{name!r} is encrypted; open it with its password in LibreOffice and save it without one"
        )


def attribute(element: Element, name: str) -> str:
    """Give an attribute by its full name, `{namespace}name`; empty when there is none."""
    return element.get(name.removeprefix("{"), "")


def spaces(tag: str, count: str) -> str:
    """Give the white space that an element stands for; empty for another element."""
    if tag == f"{TEXT}s":
        return " " * min(int(count or "1"), _MAX_SPACES)
    return {f"{TEXT}tab": "\t", f"{TEXT}line-break": "\n"}.get(tag, "")


def words(element: Element, *, without: frozenset[str] = SKIPPED) -> Iterator[str]:
    """Give the pieces of text in the element, in order; of a note its mark alone."""
    yield element.text or ""
    for child in element:
        if child.tag == NOTE:
            yield note_mark(child)
        elif child.tag not in without:
            yield spaces(child.tag, attribute(child, f"{TEXT}c"))
            yield from words(child, without=without)
        yield child.tail or ""


def note_mark(note: Element) -> str:
    """Give the number or sign of a foot- or endnote, in brackets."""
    sign = note.find(f"{TEXT}note-citation")
    return "" if sign is None else f"[{(sign.text or '').strip()}]"
