"""XML of untrusted files: read in pieces, without entities or unlimited depth.

Knows expat. An element is named `{namespace}name`. Knows no format.
"""

from collections.abc import Callable, Iterator
from typing import IO, Protocol
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType

__all__ = ["Element", "ExpatError", "Handler", "local", "scan", "tree", "tree_with_document_type"]

_PIECE_BYTES = 1 << 16
_MAX_DEPTH = 250
_MAX_ELEMENTS = 2_000_000  # of a tree: about a gigabyte; a thick book has a tenth


class Handler(Protocol):
    """What is told of a document as it is read."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""

    def end(self, tag: str) -> None:
        """Take its end."""

    def data(self, text: str) -> None:
        """Take text inside it."""


def local(tag: str) -> str:
    """Give the name without its namespace.

    >>> local("{urn:x}row"), local("row")
    ('row', 'row')
    """
    return tag.rpartition("}")[2]


def scan(stream: IO[bytes], handler: Handler) -> Iterator[None]:
    """Tell the handler all of the stream, giving way after every piece of it; no tree is kept.

    Raises:
        ExpatError: not well-formed.
        ValueError: an entity is declared, or elements nest too deep.
    """
    return _scan(stream, handler, ParserCreate(namespace_separator="}"))


def _scan(stream: IO[bytes], handler: Handler, parser: XMLParserType) -> Iterator[None]:
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise ValueError(f"elements nest more than {_MAX_DEPTH} deep")
        handler.start(f"{{{tag}" if "}" in tag else tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(f"{{{tag}" if "}" in tag else tag)

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.data
    parser.EntityDeclHandler = _refuse_entity  # a document type alone is harmless: no DTD is loaded
    while piece := stream.read(_PIECE_BYTES):
        parser.Parse(piece)
        yield
    parser.Parse(b"", True)
    yield


def tree(stream: IO[bytes]) -> Element:
    """Give the root element; attributes are named `namespace}name`.

    Raises:
        ExpatError: not well-formed.
        ValueError: an entity is declared, too deep, or too many elements.
    """
    builder = _LimitedTree()
    for _ in scan(stream, builder):
        pass
    return builder.builder.close()


def tree_with_document_type(stream: IO[bytes], *, entity: Callable[[str], str]) -> Element:
    """Give the root element of UTF-8 that may name a document type, which is not read.

    Args:
        stream: where the XML is read from.
        entity: what an entity stands for that the document type would declare.

    Raises:
        ExpatError: not well-formed.
        ValueError: an entity is declared, too deep, or too many elements.
    """
    builder = _LimitedTree()
    parser = ParserCreate("utf-8", "}")
    parser.SkippedEntityHandler = lambda name, _: builder.data(entity(name))
    for _ in _scan(stream, builder, parser):
        pass
    return builder.builder.close()


class _LimitedTree:
    def __init__(self) -> None:
        self.builder = TreeBuilder()
        self._num_elements = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._num_elements += 1
        if self._num_elements > _MAX_ELEMENTS:
            raise ValueError(f"more than {_MAX_ELEMENTS} elements; split the document")
        self.builder.start(tag, attributes)

    def end(self, tag: str) -> None:
        self.builder.end(tag)

    def data(self, text: str) -> None:
        self.builder.data(text)


def _refuse_entity(name: str, *_: object) -> None:
    raise ValueError(f"it declares an entity ({name}), which is not read; write out what it stands for")
