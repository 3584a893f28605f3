"""Files that a training keeps to go on from: named by what they were made of, and whole or not there."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["made_of", "whole"]


def made_of(*parts: object) -> str:
    """Give a name for what the parts make: 16 hex digits of how they are written.

    >>> made_of("a", 1) == made_of("a", 1) != made_of("a", 2)
    True
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part!r}\0".encode())
    return digest.hexdigest()[:16]


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """Give a path to write to; the file has its name only when the block ends well."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_stem(f"{file.stem}.partial")
    yield partial
    partial.replace(file)
