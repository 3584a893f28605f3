"""Reading processes that serve one test after the other: each would take a second to start its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from indexing import worker
from indexing.pipeline import portable_chunker
from indexing.readers import Readers
from rag.compose import Grove
from rag.core.settings import IngestionSettings

__all__ = ["ReaderPool"]


class ReaderPool:
    """Lends readers of equal limits and chunkers; workers in several threads get one each."""

    def __init__(self) -> None:
        self._free: list[tuple[tuple[object, ...], Readers]] = []
        self._new_reader = worker.new_reader

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Let jobs of this process borrow instead of starting their own."""
        patch.setattr(worker, "new_reader", self._borrowed)

    def stop(self) -> None:
        """End all processes."""
        for _, reader in self._free:
            reader.stop()

    @contextmanager
    def _borrowed(self, grove: Grove) -> Iterator[Readers]:
        kind = _kind(grove)
        if kind[:-1] != _DEFAULTS:
            with self._new_reader(grove) as own:
                yield own
            return
        place = next((n for n, (free, _) in enumerate(self._free) if free == kind), None)
        reader = self._new_reader(grove) if place is None else self._free.pop(place)[1]
        try:
            yield reader
        finally:
            self._free.append((kind, reader))


def _kind(grove: Grove) -> tuple[object, ...]:
    limits = grove.settings.ingestion
    return limits.read_seconds, limits.read_bytes, limits.workers, portable_chunker(grove)


_DEFAULTS = (
    IngestionSettings().read_seconds,
    IngestionSettings().read_bytes,
    IngestionSettings().workers,
)
