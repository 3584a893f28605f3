"""Reading processes that serve one test after the other: each would take a second to start its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from indexing import worker
from indexing.readers import Readers
from rag.compose import Grove
from rag.core.settings import IngestionSettings

__all__ = ["ReaderPool"]

_DEFAULTS = IngestionSettings()


class ReaderPool:
    """Lends readers with the default limits; workers in several threads get one each."""

    def __init__(self) -> None:
        self._free: list[Readers] = []
        self._new_reader = worker.new_reader

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Let jobs of this process borrow instead of starting their own."""
        patch.setattr(worker, "new_reader", self._borrowed)

    def stop(self) -> None:
        """End all processes."""
        for reader in self._free:
            reader.stop()

    @contextmanager
    def _borrowed(self, grove: Grove) -> Iterator[Readers]:
        limits = grove.settings.ingestion
        if _of_readers(limits) != _of_readers(_DEFAULTS):
            with self._new_reader(grove) as own:
                yield own
            return
        reader = self._free.pop() if self._free else self._new_reader(grove)
        try:
            yield reader
        finally:
            self._free.append(reader)


def _of_readers(limits: IngestionSettings) -> tuple[float, int, int]:
    return limits.read_seconds, limits.read_bytes, limits.workers
