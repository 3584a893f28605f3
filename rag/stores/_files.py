"""Files of a segment: written beside, synced, then renamed, so that a name means a whole segment."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PARTIAL = ".partial"
_STAGING_SECONDS = 3600
"""What nothing names is removed only when older: another process may be about to name it."""


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give a directory to fill; it gets its name, durably, when the block ends well."""
    partial = target.with_name(target.name + _PARTIAL)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    for path in [*partial.rglob("*"), partial]:
        _sync(path)
    partial.rename(target)
    _sync(target.parent)


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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
