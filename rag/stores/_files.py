"""Files of a segment: written beside, synced, then renamed, so that a name means a whole segment.

A segment carries the SHA-256 of its files. What is read is compared with it first: a disk that lies is
found by that and not by a wrong answer.
"""

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.core.errors import DamagedSegmentError, RagError, SegmentGoneError, UnavailableError

_PARTIAL = ".partial"
_CHECKSUMS = "checksums.json"  # path below the segment -> SHA-256, hex
_STAGING_SECONDS = 3600
"""What nothing names is removed only when older: another process may be about to name it."""


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give a directory to fill; it gets its name, durably, when the block ends well.

    Raises:
        UnavailableError: the disk is full.
    """
    partial = target.with_name(target.name + _PARTIAL)
    try:
        partial.mkdir(parents=True)
        yield partial
        (partial / _CHECKSUMS).write_text(json.dumps(_checksums(partial, partial)))
        for path in [*partial.rglob("*"), partial]:
            _sync(path)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        # FAISS and tantivy have errors of their own; the system's words are in all of them.
        if isinstance(error, Exception) and os.strerror(errno.ENOSPC) in str(error):
            raise UnavailableError(f"the disk of {target.parent} is full; free some of it") from error
        raise
    partial.rename(target)
    _sync(target.parent)


@contextmanager
def intact(directory: Path, part: str) -> Iterator[Path]:
    """Give a file or folder of a segment to read, its bytes being those that were written.

    Raises:
        DamagedSegmentError: they are not, or the block could not read them.
        SegmentGoneError: there is no such segment any more.
    """
    try:
        _compare(directory, part)
        yield directory / part
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreadable(directory, part, error) from error


def is_written(directory: Path, part: str) -> bool:
    """Tell whether a segment was written with this file or folder.

    Raises:
        DamagedSegmentError: its checksums cannot be read.
        SegmentGoneError: there is no such segment any more.
    """
    try:
        written: dict[str, str] = json.loads((directory / _CHECKSUMS).read_text())
    except (OSError, ValueError) as error:
        raise _unreadable(directory, _CHECKSUMS, error) from error
    return any(name.split("/")[0] == part for name in written)


def leftovers(directory: Path, *, keep: set[str], min_age_seconds: float = _STAGING_SECONDS) -> list[Path]:
    """List segment directories, whole or partial, that nothing names and nobody may still be writing."""
    if not directory.is_dir():
        return []
    newest = time.time() - min_age_seconds
    return [
        path
        for path in directory.iterdir()
        if path.name.removesuffix(_PARTIAL) not in keep and path.stat().st_mtime < newest
    ]


def remove(path: Path) -> None:
    """Remove a segment's directory; its name goes first, so that half a segment is never seen."""
    doomed = path if path.name.endswith(_PARTIAL) else path.rename(path.with_name(path.name + _PARTIAL))
    shutil.rmtree(doomed)


def _unreadable(directory: Path, part: str, error: Exception) -> RagError:
    if not directory.is_dir():
        return SegmentGoneError(
            f"segment {directory.name} is gone: its collection changed during this search; search again"
        )
    return DamagedSegmentError(f"segment {directory.name} is damaged: {part}: {error}")


def _compare(directory: Path, part: str) -> None:
    written: dict[str, str] = json.loads((directory / _CHECKSUMS).read_text())
    expected = {name: digest for name, digest in written.items() if name.split("/")[0] == part}
    present = _checksums(directory, directory / part)
    if wrong := sorted(name for name, digest in expected.items() if present.get(name) != digest):
        raise ValueError(f"{', '.join(wrong)} changed or vanished after it was written")
    if not expected:
        raise ValueError(f"{_CHECKSUMS} does not name it")


def _checksums(directory: Path, part: Path) -> dict[str, str]:
    """Hash the files of a part; locks, which every opening makes anew, are none of them."""
    files = [part] if part.is_file() else [path for path in part.rglob("*") if path.is_file()]
    return {
        path.relative_to(directory).as_posix(): _digest(path) for path in files if path.suffix != ".lock"
    }


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
