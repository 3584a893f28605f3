"""The file of an export: a ZIP of tables (JSON lines) and segments, at its end a manifest with checksums.

Knows nothing of what is in it.
"""

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.core.errors import InvalidInputError

__all__ = ["ArchiveReader", "ArchiveWriter", "reading", "writing"]

FORMAT = 2  # 1 has no conversations and no originals
_MANIFEST = "manifest.json"
_KIND = "grove-export"
_PIECE_BYTES = 1 << 20
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError, RuntimeError)


class ArchiveWriter:
    """Entries, written one after another."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._checksums: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        """Write an entry as it is."""
        self.add_pieces(name, [content], compression=zipfile.ZIP_STORED)

    def add_pieces(
        self, name: str, pieces: Iterable[bytes], *, compression: int = zipfile.ZIP_DEFLATED
    ) -> None:
        """Write an entry piece by piece."""
        digest = hashlib.sha256()
        entry = zipfile.ZipInfo(name)
        entry.compress_type = compression
        with self._file.open(entry, "w", force_zip64=True) as target:
            for piece in pieces:
                digest.update(piece)
                target.write(piece)
        self._checksums[name] = digest.hexdigest()

    def finish(self, fields: Mapping[str, object]) -> None:
        """Write the manifest."""
        manifest = {"kind": _KIND, "format": FORMAT, **fields, "entries": self._checksums}
        self._file.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False))


class ArchiveReader:
    """Entries whose checksums were compared."""

    def __init__(self, file: zipfile.ZipFile, manifest: Mapping[str, Any]) -> None:  # Any: JSON
        self._file = file
        self.manifest = manifest

    def names(self, folder: str) -> list[str]:
        """List the entries below a folder, in the order in which they were written."""
        return [name for name in self.manifest["entries"] if name.startswith(folder)]

    def content(self, name: str) -> bytes:
        """Give an entry."""
        return self._file.read(name)

    def lines(self, name: str) -> Iterator[dict[str, Any]]:  # Any: JSON
        """Give an entry's lines, decoded; none of one that was not written."""
        if name not in self.manifest["entries"]:
            return
        with self._file.open(name) as source:
            for line in source:
                yield json.loads(line)


@contextmanager
def writing(path: Path) -> Iterator[ArchiveWriter]:
    """Give an archive to fill; the file gets its name when the block ends well.

    Raises:
        InvalidInputError: there is such a file already, or it cannot be written there.
    """
    if path.exists():
        raise InvalidInputError(f"{path} exists already; choose another name")
    partial = path.with_name(f"{path.name}.partial")
    try:
        # It holds the documents: for nobody else to read.
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as target:
            with zipfile.ZipFile(target, "w") as file:
                yield ArchiveWriter(file)
            target.flush()
            os.fsync(target.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[ArchiveReader]:
    """Give an archive whose every byte is as it was written.

    Raises:
        InvalidInputError: there is no such file, it is no archive of `rag export`, or damaged, or too new.
    """
    try:
        with zipfile.ZipFile(path) as file:
            yield ArchiveReader(file, _checked(file))
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror or error}") from error
    except _BROKEN as error:
        raise InvalidInputError(f"{path} is not a whole archive of `rag export`: {error}") from error


def _checked(file: zipfile.ZipFile) -> Mapping[str, Any]:
    if _MANIFEST not in file.namelist():
        raise ValueError("it has no manifest")
    manifest: dict[str, Any] = json.loads(file.read(_MANIFEST))
    if manifest["kind"] != _KIND:
        raise ValueError(f"it is a {manifest['kind']}")
    if manifest["format"] > FORMAT:
        raise ValueError(f"it has the format {manifest['format']} of a newer Grove; install that version")
    for name, expected in manifest["entries"].items():
        digest = hashlib.sha256()
        with file.open(name) as source:
            while piece := source.read(_PIECE_BYTES):
                digest.update(piece)
        if digest.hexdigest() != expected:
            raise ValueError(f"{name} changed after it was written")
    return manifest
