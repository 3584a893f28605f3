"""The body of a reply, decompressed, within a size: counted is what comes out."""

import zlib
from collections.abc import Iterable, Iterator

from rag.core.errors import UnreadableDocumentError

__all__ = ["limited_body"]

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def limited_body(chunks: Iterable[bytes], *, encoding: str, max_bytes: int) -> bytes:
    """Give the whole body.

    >>> limited_body([b"some ", b"text"], encoding="identity", max_bytes=9)
    b'some text'

    Raises:
        UnreadableDocumentError: it is longer, broken, or of an encoding that was not asked for.
    """
    body = bytearray()
    for piece in _pieces(chunks, encoding.strip().lower(), max_bytes + 1):
        body += piece
        if len(body) > max_bytes:
            raise UnreadableDocumentError(
                f"the reply has more than {max_bytes} bytes (GROVE_INGESTION__MAX_FILE_BYTES)"
            )
    return bytes(body)


def _pieces(chunks: Iterable[bytes], encoding: str, at_most: int) -> Iterator[bytes]:
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in _WINDOW_BITS:
        raise UnreadableDocumentError(
            f"the reply is encoded as {encoding!r:.40}; gzip, deflate or none is read"
        )
    inflater = zlib.decompressobj(_WINDOW_BITS[encoding])
    try:
        for chunk in chunks:
            rest = chunk
            while rest and not inflater.eof:
                yield inflater.decompress(rest, at_most)  # never more at once, whatever it says
                rest = inflater.unconsumed_tail
    except zlib.error as error:
        raise UnreadableDocumentError(f"the reply is not the {encoding} that it says: {error}") from error
    if not inflater.eof:
        raise UnreadableDocumentError("the reply was cut off")
