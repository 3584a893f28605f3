"""Files on disk -> their bytes, or the reason why they are not taken."""

import os
import stat
from pathlib import Path

from rag.core.errors import UnreadableDocumentError

__all__ = ["content_of"]


def content_of(path: Path, *, max_bytes: int) -> bytes:
    """Read a file as it is at one instant.

    Raises:
        UnreadableDocumentError: it cannot be read, is no regular file, is empty, too large, or was written
            to meanwhile.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # asked first: opening a pipe would wait for its writer
            raise UnreadableDocumentError("not a regular file; name a file that holds a document")
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            if before.st_size > max_bytes:
                raise UnreadableDocumentError(
                    f"the file has {before.st_size} bytes; at most {max_bytes} are taken"
                    " (GROVE_INGESTION__MAX_FILE_BYTES)"
                )
            content = file.read(before.st_size + 1)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise UnreadableDocumentError(f"cannot read the file: {error.strerror}") from error
    if len(content) != before.st_size or after.st_mtime_ns != before.st_mtime_ns:
        raise UnreadableDocumentError(
            "the file changed while it was read; ingest it again when whoever writes it is done"
        )
    if not content:
        raise UnreadableDocumentError("the file is empty; name one that holds a document")
    return content
