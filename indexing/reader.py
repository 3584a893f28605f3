"""Reading in a process of its own: a file that hangs, crashes or devours memory costs that file alone.

Knows limits and how a process ends; what is in a file only loaders know. The process is started once and
reads file after file, job after job. It ends with its parent, however that ends, for it then reads the end
of its input.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from typing import Self

from rag.core.errors import UnreadableDocumentError, error_named
from rag.core.protocols import Chunker
from rag.core.types import Chunk, ParsedDocument

__all__ = ["Outcome", "Reader"]

_CHILD = (sys.executable, "-P", "-m", "indexing._reader_process")
_MAX_PATIENCE = 10  # times the limit, for a file that makes progress
_CHECK_SECONDS = 1.0  # so often who waits is asked whether to go on
_OWN_BYTES = 800_000_000  # address space of the interpreter and the libraries, those of OCR included


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the process says of a file: a document, or the name of an error."""

    document: ParsedDocument | None = None
    chunks: list[Chunk] | None = None
    error: str = ""
    message: str = ""


class Reader:
    """Reads documents as `parse_document` does, and cuts them, within limits; one at a time."""

    def __init__(
        self,
        *,
        max_seconds: float,
        max_bytes: int,
        chunker: Chunker | None = None,
        command: Sequence[str] = _CHILD,
    ) -> None:
        """Set the limits.

        Args:
            max_seconds: a file that shows no progress for so long is given up, and one that takes ten times
                as long. Only loaders of pages show any.
            max_bytes: memory that reading may take, beyond that of the process itself.
            chunker: cuts the documents, in the process; they come whole without one.
            command: what is run, with the number of its socket and the bytes of its address space.
        """
        self._max_seconds = max_seconds
        self._max_bytes = max_bytes
        self._chunker = chunker
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        """Give itself; the process starts with the first file, or with `start`."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.stop()

    def start(self) -> None:
        """Start the process, unless it runs, so that it is ready when a file comes."""
        self._started()

    def stop(self) -> None:
        """End the process and free its memory; the next file starts another."""
        if self._process is not None and self._connection is not None:
            self._connection.close()
            self._process.kill()
            self._process.wait()
        self._process = self._connection = None

    def read(
        self, content: bytes, *, name: str, check: Callable[[], None] = lambda: None
    ) -> tuple[ParsedDocument, list[Chunk] | None]:
        """Read a document, and cut it where there is a chunker.

        Args:
            content: the document.
            name: its suffix says what it is.
            check: raises when it is no longer wanted; asked time and again.

        Raises:
            UnsupportedFormatError: no loader takes the suffix.
            UnreadableDocumentError: the bytes are not what the suffix says, or reading broke a limit.
        """
        connection = self._started()
        try:
            connection.send((content, name))
            # Pickled by our own code, but after it read the file: a loader's flaw that lets a file run
            # code runs it with our rights in that process already.
            outcome: Outcome | None = None
            deadline = time.monotonic() + _MAX_PATIENCE * self._max_seconds
            while outcome is None:  # which only says that there was progress
                if not self._answers(min(deadline, time.monotonic() + self._max_seconds), check):
                    self.stop()
                    raise UnreadableDocumentError(
                        f"{name!r}: reading took longer than {self._max_seconds:g} s; split the file, or"
                        " raise GROVE_INGESTION__READ_SECONDS"
                    )
                outcome = connection.recv()
        except (EOFError, OSError) as error:
            raise UnreadableDocumentError(
                f"{name!r}: reading it ended the reading process ({self._how_it_ended()}); the file is"
                " damaged, or made to do harm"
            ) from error
        if outcome.document is not None:
            return outcome.document, outcome.chunks
        if outcome.error == MemoryError.__name__:
            self.stop()
            raise UnreadableDocumentError(
                f"{name!r}: reading took more than {self._max_bytes} bytes of memory; split the file, or"
                " raise GROVE_INGESTION__READ_BYTES"
            )
        raise error_named(outcome.error, outcome.message)

    def _answers(self, deadline: float, check: Callable[[], None]) -> bool:
        """Wait for what the process says; tell whether it said something in time."""
        assert self._connection is not None
        while not self._connection.poll(min(_CHECK_SECONDS, max(0.0, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                return False
            try:
                check()
            except BaseException:
                self.stop()  # it is still at work on this file
                raise
        return True

    def _started(self) -> Connection:
        if self._process is not None and self._process.poll() is not None:
            self.stop()  # it was killed between two files: the next one is not to blame
        if self._connection is not None:
            return self._connection
        ours, theirs = Pipe()
        arguments = (str(theirs.fileno()), str(self._max_bytes + _OWN_BYTES))
        self._process = subprocess.Popen(
            [*self._command, *arguments], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()
        self._connection = ours
        ours.send(self._chunker)
        return ours

    def _how_it_ended(self) -> str:
        assert self._process is not None
        code = self._process.wait()
        self.stop()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
