"""Files on disk -> their bytes, or the reason why they are not taken."""

import stat
from pathlib import Path

from rag.core.errors import UnreadableDocumentError

__all__ = ["content_of"]


def content_of(path: Path, *, max_bytes: int) -> bytes:
    """Read a file.

    Raises:
        UnreadableDocumentError: it cannot be read, is no regular file, is empty or too large.
    """
    try:
        status = path.stat()
        size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableDocumentError("not a regular file; name a file that holds a document")
        if size == 0:
            raise UnreadableDocumentError("the file is empty; name one that holds a document")
        if size > max_bytes:
            raise UnreadableDocumentError(
                f"the file has {size} bytes; at most {max_bytes} are taken"
                " (GROVE_INGESTION__MAX_FILE_BYTES)"
            )
        return path.read_bytes()
    except OSError as error:
        raise UnreadableDocumentError(f"cannot read the file: {error.strerror}") from error
