"""Files -> a queued job. Only what an upload brings is read here, and archives, which are taken apart."""

import hashlib
import os
import re
import shutil
import time
import unicodedata
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from indexing.archives import is_archive, sources_in, unpacked
from indexing.parse import supported_suffixes
from rag.compose import Grove
from rag.core.errors import InvalidInputError, NotFoundError
from rag.db.jobs import JobFile

__all__ = [
    "delete_vanished",
    "files_below",
    "remove_orphans",
    "remove_uploads",
    "safe_name",
    "submit_paths",
    "submit_uploads",
]

_ORPHAN_SECONDS = 3600.0  # an upload that no job names after so long is of a submission that failed
_MAX_NAME_BYTES = 200
_MAX_SOURCE_BYTES = 2000  # what PostgreSQL takes into an index
_NOT_FOR_NAMES = re.compile(r"[/\\\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def submit_paths(
    grove: Grove, paths: Sequence[Path], *, collection: str, kinds: Sequence[str] | None = None
) -> str:
    """Queue files and all that is below folders; give the job's id.

    In folders and archives, hidden files and kinds that no loader takes are left out and links are not
    followed. A document's source is its path, relative to the working folder when it is below it; in an
    archive, the archive's with the path inside it.

    Raises:
        InvalidInputError: a path that does not exist, or nothing to take in.
        ConflictError: the collection has other kinds of index than asked for.
    """
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise InvalidInputError(f"no such file or folder: {', '.join(missing)}")
    found = [file for path in paths for file in files_below(path)]
    if not found:
        raise InvalidInputError(
            f"nothing to ingest below {', '.join(map(str, paths))};"
            f" these kinds are read: {', '.join(supported_suffixes())}"
        )
    grove.ensure_collection(collection, kinds=kinds)
    files = {_source(path): _job_file(path) for path in found}
    return grove.jobs.submit(collection, [part for file in files.values() for part in _parts(grove, file)])


def delete_vanished(grove: Grove, paths: Sequence[Path], *, collection: str) -> list[str]:
    """Delete documents that came from below these paths and whose files are gone; give their sources."""
    present, unclear = _present(grove, paths)
    vanished = [
        source
        for source in grove.catalog.sources(collection)
        if source not in present
        and not any(_is_below(source, archive) for archive in unclear)
        and any(_is_below(source, _source(path)) for path in paths)
    ]
    for source in vanished:
        with suppress(NotFoundError):  # deleted meanwhile
            grove.publisher.delete_documents(collection, source=source)
    return vanished


def submit_uploads(
    grove: Grove,
    uploads: Sequence[tuple[str, Path]],
    *,
    collection: str,
    kinds: Sequence[str] | None = None,
) -> str:
    """Queue uploaded files, moving each, or what is in it, into the home first; give the job's id.

    Args:
        grove: the installation.
        uploads: (name as sent, temporary file) pairs.
        collection: made when it does not exist.
        kinds: of index; of a new collection by default those of the settings.

    Raises:
        InvalidInputError: no file, a name with nothing left of it, or one name twice.
        ConflictError: the collection has other kinds of index than asked for.
    """
    if not uploads:
        raise InvalidInputError("no files were sent; send them as multipart form data in the field `files`")
    named = [(_safe_source(name), path) for name, path in uploads]
    counts = Counter(name for name, _ in named)
    if twice := sorted(name for name, count in counts.items() if count > 1):
        raise InvalidInputError(f"several files are called {', '.join(twice)}; one would replace the other")
    grove.ensure_collection(collection, kinds=kinds)
    directory = _uploads_dir(grove)
    directory.mkdir(parents=True, exist_ok=True)
    archives = [JobFile(name, str(path)) for name, path in named if is_archive(name)]
    files = [JobFile(name, str(_kept(path, directory))) for name, path in named if not is_archive(name)]
    return grove.jobs.submit(
        collection, [*files, *(part for file in archives for part in _parts(grove, file))]
    )


def remove_uploads(grove: Grove, job_id: str) -> None:
    """Remove the uploads of a finished job, but for those that failed and may be retried."""
    directory = _uploads_dir(grove)
    for path in map(Path, grove.jobs.settled_paths(job_id)):
        if path.parent == directory:
            path.unlink(missing_ok=True)


def remove_orphans(grove: Grove) -> None:
    """Remove uploads that no job wants any more."""
    directory = _uploads_dir(grove)
    if not directory.is_dir():
        return
    awaited = grove.jobs.awaited_paths()
    oldest = time.time() - _ORPHAN_SECONDS
    for path in directory.iterdir():
        if str(path) not in awaited and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    r"""Make a file name that is only a name: no path, no control or direction marks, at most 200 bytes.

    >>> safe_name("../../etc/pass\u202ewd.txt")
    'passwd.txt'

    Raises:
        InvalidInputError: nothing is left of it.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    clean = _NOT_FOR_NAMES.sub("", last).strip().lstrip(".")
    stem, suffix = os.path.splitext(clean)
    room = _MAX_NAME_BYTES - len(suffix.encode())
    if not stem or room <= 0:
        raise InvalidInputError(f"{name!r:.120} is not a file name; send a name such as report.pdf")
    return stem.encode()[:room].decode(errors="ignore") + suffix


def _safe_source(name: str) -> str:
    r"""Make a source of an upload's name, which may have folders: that of a folder that was dropped.

    >>> _safe_source("notes/2026/../may.md")
    'notes/2026/may.md'
    """
    *folders, last = unicodedata.normalize("NFC", name).split("/")
    kept = [_NOT_FOR_NAMES.sub("", folder).strip().lstrip(".") for folder in folders]
    source = "/".join([*filter(None, kept), safe_name(last)])
    if len(source.encode()) > _MAX_SOURCE_BYTES:
        raise InvalidInputError(
            f"the path {source!r:.80} has more than {_MAX_SOURCE_BYTES} bytes; shorten it"
        )
    return source


def _uploads_dir(grove: Grove) -> Path:
    return grove.settings.home_dir.absolute() / "uploads"


def files_below(path: Path) -> Iterator[Path]:
    """Give the file, or the files below a folder that a loader takes; no hidden ones and no links."""
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder) / name
            if (
                not name.startswith(".")
                and file.suffix.lower() in supported_suffixes()
                and not file.is_symlink()
            ):
                yield file


def _parts(grove: Grove, file: JobFile) -> list[JobFile]:
    """Give what a file is to the job: itself, or the files of an archive."""
    if not is_archive(file.source) or file.error is not None:
        return [file]
    limit = grove.settings.ingestion.max_file_bytes
    parts = unpacked(Path(file.path), file.source, directory=_uploads_dir(grove), max_file_bytes=limit)
    return [_with_short_source(part) for part in parts]


def _present(grove: Grove, paths: Sequence[Path]) -> tuple[set[str], set[str]]:
    """Give the sources that stand below the paths, and archives of which it cannot be told."""
    limit = grove.settings.ingestion.max_file_bytes
    files = {_source(file): file for path in paths for file in files_below(path)}
    inside = {
        source: sources_in(file, source, max_file_bytes=limit)
        for source, file in files.items()
        if is_archive(source)
    }
    present = set(files).union(*filter(None, inside.values()))
    return present, {source for source, found in inside.items() if found is None}


def _job_file(path: Path) -> JobFile:
    return _with_short_source(JobFile(_source(path), str(path.absolute())))


def _with_short_source(file: JobFile) -> JobFile:
    if len(file.source.encode()) <= _MAX_SOURCE_BYTES:
        return file
    return replace(
        file, error=f"the path has more than {_MAX_SOURCE_BYTES} bytes; move the file to a shorter one"
    )


def _source(path: Path) -> str:
    absolute = Path(os.path.normpath(path.absolute()))
    here = Path.cwd()
    shown = (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()
    return os.fsencode(shown).decode("utf-8", "backslashreplace")  # file names need not be Unicode


def _is_below(source: str, folder: str) -> bool:
    if folder == ".":
        return not source.startswith("/")
    return source == folder or source.startswith(f"{folder.rstrip('/')}/")


def _kept(upload: Path, directory: Path) -> Path:
    """Move an upload, synced to disk, under a name that no other job uses."""
    with upload.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    kept = directory / f"{digest}.{uuid.uuid4().hex}"
    shutil.move(upload, kept)
    for path in (kept, directory):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return kept
