"""What an engine is."""

from collections.abc import Iterator
from typing import Protocol

from indexing._work import Work
from indexing.file_reading import FileRead
from rag.core.errors import ConflictError

__all__ = ["Engine", "UnfitError"]


class UnfitError(ConflictError):
    """Say that this job cannot be read by the engine."""


class Engine(Protocol):
    """Reads the files of a job. The worker that holds the job publishes them: it alone writes."""

    def reads(self, work: Work) -> Iterator[FileRead]:
        """Read the job's files, each once, in any order; asks `work.check` whether it may go on.

        Raises:
            StoppedError, LeaseLostError: it may not.
            UnfitError: it cannot be read there; what was read stays.
        """
        ...
