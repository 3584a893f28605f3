"""Addresses -> the sources that know them; a path is no address."""

import re
from typing import TYPE_CHECKING

from indexing.sources._source import Fetched, Found, Source
from rag.core.errors import InvalidInputError
from rag.core.registry import Family
from rag.core.source_settings import SourceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Sources", "is_address"]

_SOURCES = Family("indexing.sources")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def is_address(place: str) -> bool:
    """Tell an address from a path.

    >>> is_address("s3://reports/2024"), is_address("/srv/reports")
    (True, False)
    """
    return _ADDRESS.match(place) is not None


class Sources:
    """All sources of an installation."""

    def __init__(self, settings: SourceSettings) -> None:
        made: list[Source] = [_SOURCES.load(name)(settings) for name in _SOURCES.names()]
        self._by_scheme = {scheme: source for source in made for scheme in source.schemes}

    def list(self, address: str) -> "Iterator[Found]":
        """Give all documents at or below the address, as `Source.list` does."""
        return self._source(address).list(address)

    def fetch(self, address: str, *, max_bytes: int) -> Fetched:
        """Give a document's bytes, as `Source.fetch` does."""
        return self._source(address).fetch(address, max_bytes=max_bytes)

    def _source(self, address: str) -> Source:
        match = _ADDRESS.match(address)
        source = self._by_scheme.get(match[1].lower()) if match else None
        if source is None:
            raise InvalidInputError(
                f"{address!r:.200} is no address that documents are read from;"
                f" one begins with {', '.join(f'{scheme}://' for scheme in sorted(self._by_scheme))}"
            )
        return source
