"""Several reading processes as one reader: who asks takes a free one, or waits for it."""

from collections.abc import Callable, Sequence
from queue import LifoQueue
from typing import Self

from indexing.reader import Reader
from rag.core.types import Chunk, ParsedDocument

__all__ = ["Readers"]


class Readers:
    """Reads documents as `Reader` does, so many at a time; for threads."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        assert readers, "at least one reads"
        self._all = list(readers)
        self._free: LifoQueue[Reader] = LifoQueue()  # the last one used has its code in the caches
        for reader in self._all:
            self._free.put(reader)

    @classmethod
    def of(cls, count: int, new: Callable[[], Reader]) -> Self:
        """Make so many; a process starts with its first file."""
        return cls([new() for _ in range(count)])

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        self.stop()

    def __len__(self) -> int:
        """Count them."""
        return len(self._all)

    def start(self) -> None:
        """Start the processes, unless they run."""
        for reader in self._all:
            reader.start()

    def stop(self) -> None:
        """End the processes and free their memory, while nobody reads; the next file starts others."""
        for reader in self._all:
            reader.stop()

    def read(
        self, content: bytes, *, name: str, check: Callable[[], None] = lambda: None
    ) -> tuple[ParsedDocument, list[Chunk] | None]:
        """Read a document as `Reader.read` does."""
        reader = self._free.get()
        try:
            return reader.read(content, name=name, check=check)
        finally:
            self._free.put(reader)
