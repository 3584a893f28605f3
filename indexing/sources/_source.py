"""What a source of documents is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Fetched", "Found", "Source"]


@dataclass(frozen=True, slots=True)
class Found:
    """A document that a source has."""

    address: str  # where it is, and what it is called in the collection
    stamp: str | None = None  # changes with the bytes, as an ETag; none when the source does not tell


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document's bytes."""

    content: bytes
    name: str  # whose suffix says what they are


class Source(Protocol):
    """A way of reaching documents by addresses; made of the settings' `sources`, without I/O."""

    @property
    def schemes(self) -> tuple[str, ...]:
        """Name what its addresses begin with."""
        ...

    def list(self, address: str) -> Iterator[Found]:
        """Give all documents at or below the address, each once.

        Raises:
            InvalidInputError: not an address of this source, or one that may not be used.
            UnavailableError: it cannot be listed wholly; what was given is then not all.
        """
        ...

    def fetch(self, address: str, *, max_bytes: int) -> Fetched:
        """Give a document as it is now.

        Raises:
            InvalidInputError: as for `list`; or it is not there, empty, too large or too slow
                (UnreadableDocumentError).
        """
        ...
