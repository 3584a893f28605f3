"""Submitted archives -> files of a job, each a document of its own: `a.zip/folder/report.pdf`.

Unpacks them into the installation's uploads, where the worker finds them. Knows nothing of what is in them.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from indexing.files import content_of
from indexing.loaders._members import Member, members
from indexing.parse import supported_suffixes
from rag.core.errors import UnreadableDocumentError
from rag.db.jobs import JobFile

__all__ = ["hashes_in", "is_archive", "sources_in", "unpacked"]

_MAX_UNPACKED_BYTES = 2_000_000_000
_NOT_FOR_NAMES = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def is_archive(source: str) -> bool:
    """Tell whether a file of this name is taken apart."""
    return source.lower().endswith(".zip")


def unpacked(
    path: Path,
    source: str,
    *,
    directory: Path,
    max_file_bytes: int,
    is_wanted: Callable[[str], bool] = lambda source: True,
) -> list[JobFile]:
    """Give the files of an archive, their bytes in the directory; one failed file if it cannot be read.

    Args:
        path: of the archive.
        source: of the archive.
        directory: where bytes are put.
        max_file_bytes: a larger archive is not read.
        is_wanted: tells by its source whether a file is given.
    """
    files: list[JobFile] = []
    is_empty = True
    try:
        for inner, member in _members(path, source, max_file_bytes):
            is_empty = False
            if is_wanted(inner):
                files.append(_file(inner, member, path, source, directory=directory))
        if is_empty:
            raise UnreadableDocumentError(
                f"{Path(source).name!r} holds no file that is read;"
                f" these kinds are: {', '.join(supported_suffixes())}"
            )
    except UnreadableDocumentError as error:
        for file in files:
            if file.error is None:
                Path(file.path).unlink()
        return [_failed(source, path, source, str(error))]
    if any(file.error is None for file in files):
        os.sync()  # 10,000 syncs of a file each take over a minute
    return files


def sources_in(path: Path, source: str, *, max_file_bytes: int) -> set[str] | None:
    """Give the sources of the documents that an archive makes; None when it cannot be read just now."""
    try:
        return {inner for inner, _ in _members(path, source, max_file_bytes)}
    except UnreadableDocumentError:
        return None


def hashes_in(path: Path, source: str, *, max_file_bytes: int) -> dict[str, str | None]:
    """Give the sources of the documents that an archive makes, and the SHA-256 of what can be read."""
    hashes: dict[str, str | None] = {}
    try:
        for inner, member in _members(path, source, max_file_bytes):
            hashes.setdefault(inner, None)
            if member.error is None and (content := _content(member)) is not None:
                hashes[inner] = hashlib.sha256(content).hexdigest()
    except UnreadableDocumentError:
        return hashes or {source: None}
    return hashes


def _members(path: Path, source: str, max_file_bytes: int) -> Iterator[tuple[str, Member]]:
    """Give the files with their sources; of two with the same the second is not read."""
    content = content_of(path, max_bytes=max_file_bytes)
    seen: set[str] = set()
    for member in members(content, name=Path(source).name, max_bytes=_MAX_UNPACKED_BYTES):
        inner = f"{source}/{_NOT_FOR_NAMES.sub('', member.name)}"
        if member.error is None and inner in seen:
            yield inner, replace(member, error=f"{inner!r} stands twice in the archive; rename one")
        else:
            yield inner, member
        seen.add(inner)


def _content(member: Member) -> bytes | None:
    """Unpack it; None when it is broken.

    Raises:
        UnreadableDocumentError: the whole archive unpacks to too much.
    """
    try:
        return member.read()
    except UnreadableDocumentError:
        if member.is_room_full:
            raise
        return None


def _file(inner: str, member: Member, path: Path, source: str, *, directory: Path) -> JobFile:
    if member.error is not None:
        return _failed(inner, path, source, member.error)
    try:
        content = member.read()
    except UnreadableDocumentError as error:
        if member.is_room_full:
            raise
        return _failed(inner, path, source, str(error))
    directory.mkdir(parents=True, exist_ok=True)
    kept = directory / f"{hashlib.sha256(content).hexdigest()}.{uuid.uuid4().hex}"
    kept.write_bytes(content)
    return JobFile(inner, str(kept))


def _failed(source: str, archive: Path, archive_source: str, error: str) -> JobFile:
    return JobFile(source, str(archive.absolute()), error, place=archive_source)
