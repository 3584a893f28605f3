"""The process that reads files for reader.py: `python -m indexing._reader_process SOCKET BYTES`."""

import logging
import resource
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from indexing.loaders._progress import LISTENER
from indexing.parse import parse_document, supported_suffixes
from rag.core.errors import RagError
from rag.core.types import ParsedDocument

__all__: list[str] = []

_log = logging.getLogger(__name__)


def main(socket: int, max_bytes: int) -> None:
    """Read files until there are no more, never with more address space than allowed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this
    supported_suffixes()  # loads the loaders
    resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
    connection = Connection(socket)
    LISTENER.set(lambda: connection.send(None))
    connection.send(None)  # starting is progress too: it is not counted against the first file
    with suppress(EOFError, ConnectionError):  # the parent has ended, or was killed
        while True:
            content, name = connection.recv()
            connection.send(_outcome(content, name))


def _outcome(content: bytes, name: str) -> ParsedDocument | MemoryError | tuple[str, str]:
    try:
        return parse_document(content, name=name)
    except RagError as error:
        return type(error).__name__, str(error)
    except MemoryError:
        return MemoryError()
    except Exception as error:  # a loader's flaw: this file fails, the next one is read
        _log.exception("reading %s failed unexpectedly", name)
        return "UnreadableDocumentError", f"{name!r}: unexpected {type(error).__name__}: {error}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
