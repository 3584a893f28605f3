"""A file of a job -> what became of reading it: a document, nothing new, or the reason why not.

The same on every engine. Knows nothing of who asks, and of what is done with it.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from indexing._work import StoppedError
from indexing.addresses import is_address
from indexing.pipeline import Pipeline, ReadDocument
from rag.core.errors import RagError, UnavailableError
from rag.db.jobs import JobFile, LeaseLostError
from rag.db.publish import EncodedDocument, KnownVersion

__all__ = ["FileRead", "read_file", "unexpected"]

_MAX_ATTEMPTS = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file after reading: a document, what is known already or an error; or what is to be deleted."""

    ordinal: int
    file: JobFile
    document: ReadDocument | None = None
    known_id: str | None = None  # the document that already holds these bytes, or whose file is back
    error: str | None = None
    num_bytes: int = 0
    encoded: EncodedDocument | None = None  # the document, when it was encoded where it was read
    kinds: tuple[str, ...] = ()  # of the index that it was encoded for
    original: tuple[bytes, str] | None = None  # its bytes and hash, from where they cannot be kept

    @property
    def num_chunks(self) -> int:
        """Count the chunks of what is new."""
        document = self.document or self.encoded
        return len(document.chunks) if document else 0


def read_file(
    pipeline: Pipeline,
    file: JobFile,
    ordinal: int,
    *,
    known: KnownVersion | None,
    on_start: Callable[[], None] = lambda: None,
    keep: Callable[[bytes, str], None] = lambda content, content_hash: None,
) -> FileRead:
    """Read a file, unless the collection holds the same already.

    Args:
        pipeline: reads it.
        file: what to read; with an error it may be what is known already, and nothing else.
        ordinal: its number in the job.
        known: what the collection holds of its source.
        on_start: is called before the bytes are parsed, which may end this process.
        keep: is given the bytes of what can be read, and their hash.

    Raises:
        LeaseLostError, StoppedError, UnavailableError: by `on_start`, or where the pipeline reads.
    """
    if file.action == "delete":
        is_back = file.error is not None or os.path.isfile(file.path)
        return FileRead(ordinal, file, known_id=known.document_id if known and is_back else None)
    if file.attempts >= _MAX_ATTEMPTS:
        return FileRead(ordinal, file, error=f"the worker died {file.attempts} times on this file")
    try:
        return _read(pipeline, FileRead(ordinal, file), known, on_start, keep)
    except (LeaseLostError, StoppedError, UnavailableError):
        raise
    except RagError as error:
        return FileRead(ordinal, file, error=str(error))
    except Exception as error:
        _log.exception("reading %s failed unexpectedly", file.source)
        return FileRead(ordinal, file, error=unexpected(error))


def unexpected(error: Exception) -> str:
    """Say what nobody foresaw."""
    return f"unexpected {type(error).__name__}: {error}"


def _read(
    pipeline: Pipeline,
    read: FileRead,
    known: KnownVersion | None,
    on_start: Callable[[], None],
    keep: Callable[[bytes, str], None],
) -> FileRead:
    file = read.file
    if known is not None and file.stamp is not None and is_address(file.path):
        if (known.stamp, known.pipeline_version) == (file.stamp, pipeline.version):
            return replace(read, known_id=known.document_id)
    fetched = pipeline.fetch(file)
    read = replace(read, num_bytes=len(fetched.content))
    if known is not None and known.is_of(fetched.content_hash, pipeline.version):
        keep(fetched.content, fetched.content_hash)  # of what came before originals were kept
        return replace(read, known_id=known.document_id)
    if file.error is not None:
        return replace(read, error=file.error)
    on_start()
    document = pipeline.read(file, fetched.content, fetched.content_hash, name=fetched.name)
    keep(fetched.content, fetched.content_hash)
    return replace(read, document=document)
