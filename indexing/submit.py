"""Files -> a queued job. Only what an upload brings is read here, and archives, which are taken apart."""

import hashlib
import os
import re
import shutil
import time
import unicodedata
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from indexing.addresses import is_address
from indexing.archives import is_archive, unpacked
from indexing.listing import Listing, list_places
from indexing.parse import supported_suffixes
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.db.jobs import JobFile

__all__ = [
    "parts_of",
    "remove_orphans",
    "remove_uploads",
    "safe_name",
    "submit_listing",
    "submit_paths",
    "submit_uploads",
]

_ORPHAN_SECONDS = 3600.0  # an upload that no job names after so long is of a submission that failed
_MAX_NAME_BYTES = 200
_MAX_SOURCE_BYTES = 2000  # what PostgreSQL takes into an index
_NOT_FOR_NAMES = re.compile(r"[/\\\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def submit_paths(
    grove: Grove, paths: Sequence[Path | str], *, collection: str, kinds: Sequence[str] | None = None
) -> str:
    """Queue files, all that is below folders and what addresses name; give the job's id.

    A document's source is its path, relative to the working folder when it is below it; in an archive, the
    archive's with the path inside it.

    Raises:
        InvalidInputError: a path that does not exist, or nothing to take in.
        ConflictError: the collection has other kinds of index than asked for.
        UnavailableError: a source cannot be listed.
    """
    return submit_listing(grove, list_places(grove, paths), collection=collection, kinds=kinds)


def submit_listing(
    grove: Grove, listing: Listing, *, collection: str, kinds: Sequence[str] | None = None
) -> str:
    """Queue what was listed; give the job's id. Folders that could not be listed are failed files.

    Raises:
        InvalidInputError: it is nothing.
        ConflictError: the collection has other kinds of index than asked for.
    """
    if not listing.files and not listing.unlisted:
        raise InvalidInputError(
            f"nothing to ingest below {', '.join(listing.scopes)};"
            f" these kinds are read: {', '.join(supported_suffixes())}"
        )
    grove.ensure_collection(collection, kinds=kinds)
    files = [part for file in listing.files.values() for part in parts_of(grove, file)]
    files += listing.refused()
    return grove.jobs.submit(collection, files)


def parts_of(
    grove: Grove, file: JobFile, *, is_wanted: Callable[[str], bool] = lambda source: True
) -> list[JobFile]:
    """Give what of a file is wanted: itself, or an archive's files, unpacked, which share its stamp."""
    if not is_archive(file.source) or is_address(file.path) or file.error is not None:
        return [_with_short_source(file)] if is_wanted(file.source) else []
    limit = grove.settings.ingestion.max_file_bytes
    parts = unpacked(
        Path(file.path),
        file.source,
        directory=grove.settings.uploads_dir,
        max_file_bytes=limit,
        is_wanted=is_wanted,
    )
    return [replace(_with_short_source(part), base=file.base, stamp=file.stamp) for part in parts]


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
    directory = grove.settings.uploads_dir
    directory.mkdir(parents=True, exist_ok=True)
    files: list[JobFile] = []
    for name, path in named:
        kept = _kept(path, directory)
        parts = parts_of(grove, JobFile(name, str(kept), base=""))
        if all(part.path != str(kept) for part in parts):  # an archive of which all could be unpacked
            kept.unlink()
        files += parts
    return grove.jobs.submit(collection, files)


def remove_uploads(grove: Grove, job_id: str) -> None:
    """Remove the uploads of a finished job, but for those that failed and may be retried."""
    directory = grove.settings.uploads_dir
    for path in map(Path, grove.jobs.settled_paths(job_id)):
        if path.parent == directory:
            path.unlink(missing_ok=True)


def remove_orphans(grove: Grove) -> None:
    """Remove uploads that no job wants any more."""
    directory = grove.settings.uploads_dir
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


def _with_short_source(file: JobFile) -> JobFile:
    if len(file.source.encode()) <= _MAX_SOURCE_BYTES:
        return file
    return replace(
        file, error=f"the path has more than {_MAX_SOURCE_BYTES} bytes; move the file to a shorter one"
    )


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
