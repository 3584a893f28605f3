"""Pictures of pages, each drawn in a process of its own: a PDF that does harm costs its picture alone."""

import signal
import subprocess
import sys
import threading
from pathlib import PurePath

from indexing._page_process import REFUSED
from rag.core.errors import NotFoundError, UnavailableError

__all__ = ["PagePainter", "has_page_pictures"]

_CHILD = (sys.executable, "-P", "-m", "indexing._page_process")
_OWN_BYTES = 800_000_000  # address space of the interpreter and the libraries
_AT_ONCE = 2
_WAIT_SECONDS = 20.0


def has_page_pictures(source: str) -> bool:
    """Tell whether pages of a document can be drawn.

    >>> has_page_pictures("handbook.PDF"), has_page_pictures("notes.md")
    (True, False)
    """
    return PurePath(source).suffix.lower() == ".pdf"


class PagePainter:
    """Draws pages within limits, few at a time."""

    def __init__(self, *, max_seconds: float, max_bytes: int) -> None:
        """Set the limits of one page: time, and memory beyond that of the process itself."""
        self._max_seconds = max_seconds
        self._max_bytes = max_bytes
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def png(self, content: bytes, *, name: str, number: int, width: int) -> bytes:
        """Draw a page of a PDF.

        Args:
            content: of the file.
            name: for messages.
            number: of the page, from 1.
            width: in pixels; the height follows.

        Raises:
            NotFoundError: there is no such page, or no picture of it can be made.
            UnavailableError: too many others are being drawn.
        """
        if not self._free.acquire(timeout=_WAIT_SECONDS):
            raise UnavailableError("too many pages are being drawn; ask again in some seconds")
        try:
            done = subprocess.run(
                [*_CHILD, str(number), str(width), str(self._max_bytes + _OWN_BYTES)],
                input=content,
                capture_output=True,
                timeout=self._max_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            reason = f"drawing page {number} took longer than {self._max_seconds:g} s"
            raise NotFoundError(f"{name!r}: {reason}") from error
        finally:
            self._free.release()
        if done.returncode == 0:
            return done.stdout
        if done.returncode == REFUSED:
            reason = done.stderr.decode(errors="replace")
        else:
            code = done.returncode
            ended = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            reason = (
                f"drawing page {number} ended its process ({ended}): it is damaged or takes much memory"
            )
        raise NotFoundError(f"{name!r}: {reason}")
