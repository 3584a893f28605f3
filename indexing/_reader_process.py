"""The process that reads files for reader.py: `python -m indexing._reader_process SOCKET BYTES`."""

import logging
import resource
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from indexing.loaders._progress import LISTENER, made_progress
from indexing.parse import parse_document, supported_suffixes
from indexing.reader import Outcome
from rag.core.errors import RagError, UnreadableDocumentError
from rag.core.protocols import Chunker

__all__: list[str] = []

_log = logging.getLogger(__name__)


def main(socket: int, max_bytes: int) -> None:
    """Read files until there are no more, never with more address space than allowed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this
    supported_suffixes()  # loads the loaders
    connection = Connection(socket)
    chunker: Chunker | None = connection.recv()
    resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
    LISTENER.set(lambda: connection.send(None))
    connection.send(None)  # starting is progress too: it is not counted against the first file
    with suppress(EOFError, ConnectionError):  # the parent has ended, or was killed
        while True:
            content, name = connection.recv()
            connection.send(_outcome(content, name, chunker))


def _outcome(content: bytes, name: str, chunker: Chunker | None) -> Outcome:
    try:
        document = parse_document(content, name=name)
        if chunker is None:
            return Outcome(document)
        made_progress()  # cutting has the time of a page of its own
        return Outcome(document, chunker.chunk(document))
    except (RagError, MemoryError) as error:
        return Outcome(error=type(error).__name__, message=str(error))
    except Exception as error:  # a flaw of ours: this file fails, the next one is read
        _log.exception("reading %s failed unexpectedly", name)
        message = f"{name!r}: unexpected {type(error).__name__}: {error}"
        return Outcome(error=UnreadableDocumentError.__name__, message=message)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
