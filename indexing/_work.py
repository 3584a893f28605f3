"""A job in a worker's hands: who is told how it goes, and whether it may go on."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from indexing.reader import Reader
from indexing.readers import Readers
from rag.compose import Grove
from rag.db.jobs import JobFile, LeasedJob, LeaseLostError
from rag.db.publish import KnownVersion

__all__ = ["Progress", "StoppedError", "Work"]

_AT_ONCE = 1000  # sources asked for together: databases bound the parameters of a query


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a job stands; `step` is what was just done."""

    step: str  # leased, read, encoding, encoded, staged, published, switching, switched, finished
    num_files: int
    files_done: int = 0  # taken in, skipped, deleted or failed
    bytes_read: int = 0
    chunks_read: int = 0
    chunks_encoded: int = 0
    source: str = ""


def taken_by_another(file: JobFile, known: KnownVersion | None) -> str | None:
    """Give why a file may not replace a document: it is of another folder's file of that path, or was sent.

    A folder that was moved takes its documents along: the files are no longer where they were.
    """
    if known is None or None in (file.base, known.base) or file.base == known.base:
        return None
    if not known.base:
        return (
            f"{file.source!r} was sent already, and this is another file: give its whole path, delete the"
            " document, or ingest the file into a collection of its own"
        )
    other = Path(known.base) / file.source
    if not any(path.is_file() for path in (other, *other.parents)):  # the archive, of one that is in it
        return None
    if not file.base:  # who sends it need not know where the other one is
        return (
            f"{file.source!r} is the document of a file in a folder already, and this is another file: send"
            " it by another name, or into a collection of its own"
        )
    return (
        f"{file.source!r} is the document of {str(other)!r} already, and this is another file: give its"
        " whole path, or ingest it into a collection of its own"
    )


class StoppedError(Exception):
    """Say that the worker was asked to stop."""


class Work:
    """What every kind of job needs of its worker."""

    def __init__(
        self,
        grove: Grove,
        job: LeasedJob,
        reader: Reader | Readers,
        on_progress: Callable[[Progress], None],
        stop: threading.Event,
    ) -> None:
        self.grove = grove
        self.job = job
        self.reader = reader
        self._on_progress = on_progress
        self._stop = stop
        self.lost: LeaseLostError | None = None  # set once the heartbeat finds it
        self.is_given_up = False  # set once it is interrupted or fails, for the threads that still read
        self.progress = Progress("leased", len(job.files))
        self.is_finished = False

    @property
    def num_readers(self) -> int:
        """Count the files that can be read at a time."""
        return len(self.reader) if isinstance(self.reader, Readers) else 1

    def files(self) -> Iterator[tuple[int, JobFile, KnownVersion | None]]:
        """Give the files in order, with their numbers and what the collection held of them a moment ago.

        One that would take the place of another file's document has an error, should its bytes be others.
        """
        files = list(self.job.files.items())
        for start in range(0, len(files), _AT_ONCE):
            some = files[start : start + _AT_ONCE]
            known = self.grove.publisher.known(self.job.collection, [file.source for _, file in some])
            for ordinal, file in some:
                version = known.get(file.source)
                yield ordinal, replace(file, error=taken_by_another(file, version)), version

    def tell(self, step: str, **changes: object) -> None:
        """Report a step, and what it changed."""
        self.progress = replace(self.progress, step=step, **changes)  # type: ignore[arg-type]
        self._on_progress(self.progress)

    def check(self) -> None:
        """Raise when the worker is to stop.

        Raises:
            LeaseLostError: the job is no longer this worker's.
            StoppedError: it was asked to, or gave up.
        """
        if self.lost is not None:
            raise self.lost
        if self._stop.is_set() or self.is_given_up:
            raise StoppedError

    def count_chunks(self, count: int) -> None:
        """Report that so many more chunks are encoded, unless the worker is to stop."""
        self.check()
        self.tell("encoding", chunks_encoded=self.progress.chunks_encoded + count)
