"""Documents inside documents: attachments and members of archives, each read by its own loader.

Knows how deep and how many over the whole of the outermost file. Knows no format.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import PurePath

from indexing.loaders._text import TextBuilder, clean, one_line
from indexing.parse import parse_document, supported_suffixes
from rag.core.errors import UnreadableDocumentError, UnsupportedFormatError
from rag.core.types import ParsedDocument

__all__ = ["MAX_DEPTH", "add_document", "add_part", "add_unread", "holding", "is_read"]

MAX_DEPTH = 5
_MAX_PARTS = 10_000
_MAX_HEADING = 6


@dataclass(slots=True)
class _Room:
    """What is left for the parts of one outermost file."""

    depth: int = 0
    parts: int = _MAX_PARTS


_room: ContextVar[_Room | None] = ContextVar("room", default=None)


@contextmanager
def holding(name: str) -> Iterator[None]:
    """Read, in the body, a document that may hold others.

    Raises:
        UnreadableDocumentError: it stands inside too many others.
    """
    room = _room.get()
    if room is None:
        token = _room.set(_Room())
        try:
            yield
        finally:
            _room.reset(token)
        return
    if room.depth == MAX_DEPTH:
        raise UnreadableDocumentError(
            f"{name!r}: messages and archives nest more than {MAX_DEPTH} deep; read this one alone"
        )
    room.depth += 1
    try:
        yield
    finally:
        room.depth -= 1


def is_read(name: str) -> bool:
    """Tell whether some loader takes a part of this name."""
    return PurePath(name).suffix.lower() in supported_suffixes()


def add_part(builder: TextBuilder, content: bytes, *, name: str, label: str, level: int) -> None:
    """Write a part's text below a heading that names it; of one that cannot be read, name and reason.

    Raises:
        UnreadableDocumentError: the outermost document holds too many parts.
    """
    room = _room.get()
    assert room is not None, "parts are read inside `holding`"
    room.parts -= 1
    if room.parts < 0:
        raise UnreadableDocumentError(
            f"{name!r}: the {_MAX_PARTS + 1}th document inside others, at most {_MAX_PARTS} are read;"
            " split what holds them"
        )
    if not is_read(name):
        add_unread(builder, name, label=label, reason=f"no loader takes {PurePath(name).suffix or 'it'}")
        return
    try:
        document = parse_document(content, name=PurePath(name).name)
    except (UnreadableDocumentError, UnsupportedFormatError) as error:
        add_unread(builder, name, label=label, reason=str(error))
        return
    builder.add(one_line(clean(f"{label}: {name}")), "heading", level=level)
    add_document(builder, document, below=level)


def add_unread(builder: TextBuilder, name: str, *, label: str, reason: str) -> None:
    """Say of a part that it was not read."""
    builder.add(one_line(clean(f"{label} not read: {name} ({reason})")))


def add_document(builder: TextBuilder, document: ParsedDocument, *, below: int) -> None:
    """Write a document's blocks, its headings below those of a level."""
    position = 0
    for block in document.blocks:
        builder.add(document.text[position : block.start])
        level = min(block.level + below, _MAX_HEADING) if block.kind == "heading" else 0
        builder.add(document.text[block.start : block.end], block.kind, level=level)
        position = block.end
    builder.add(document.text[position:])
