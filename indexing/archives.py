"""Submitted archives -> files of a job, each a document of its own: `a.zip/folder/report.pdf`.

Unpacks them into the installation's uploads, where the worker finds them. Knows nothing of what is in them.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Callable, Iterator
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
        for member in _members(path, source, max_file_bytes):
            is_empty = False
            if is_wanted(_source(source, member)):
                files.append(_file(member, path, source, directory=directory))
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
        return {_source(source, member) for member in _members(path, source, max_file_bytes)}
    except UnreadableDocumentError:
        return None


def hashes_in(path: Path, source: str, *, max_file_bytes: int) -> dict[str, str | None]:
    """Give the sources of the documents that an archive makes, and the SHA-256 of what can be read."""
    hashes: dict[str, str | None] = {}
    try:
        for member in _members(path, source, max_file_bytes):
            hashes[_source(source, member)] = None
            if member.error is None:
                hashes[_source(source, member)] = hashlib.sha256(member.read()).hexdigest()
    except UnreadableDocumentError:
        return hashes or {source: None}
    return hashes


def _members(path: Path, source: str, max_file_bytes: int) -> Iterator[Member]:
    content = content_of(path, max_bytes=max_file_bytes)
    return members(content, name=Path(source).name, max_bytes=_MAX_UNPACKED_BYTES)


def _file(member: Member, path: Path, source: str, *, directory: Path) -> JobFile:
    if member.error is not None:
        return _failed(_source(source, member), path, source, member.error)
    try:
        content = member.read()
    except UnreadableDocumentError as error:
        if member.is_room_full:
            raise
        return _failed(_source(source, member), path, source, str(error))
    directory.mkdir(parents=True, exist_ok=True)
    kept = directory / f"{hashlib.sha256(content).hexdigest()}.{uuid.uuid4().hex}"
    kept.write_bytes(content)
    return JobFile(_source(source, member), str(kept))


def _failed(source: str, archive: Path, archive_source: str, error: str) -> JobFile:
    return JobFile(source, str(archive.absolute()), error, place=archive_source)


def _source(source: str, member: Member) -> str:
    return f"{source}/{_NOT_FOR_NAMES.sub('', member.name)}"
