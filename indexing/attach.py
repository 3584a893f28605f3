"""Files that are kept first and attached to collections afterwards: their bytes, and jobs for them.

The bytes of a file are in the home under its id, and stay there until it is removed.
"""

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from indexing.archives import is_archive
from indexing.submit import safe_name
from rag.compose import Grove
from rag.core.errors import InvalidInputError, NotFoundError
from rag.db.files import StoredFile, source_of
from rag.db.jobs import JobFile

__all__ = ["attach", "content_path", "detach", "keep_file", "remove_file"]


def keep_file(grove: Grove, name: str, content: BinaryIO, *, purpose: str) -> StoredFile:
    """Keep a file under a new id.

    Raises:
        InvalidInputError: not a file name, or an archive, which would be many documents.
    """
    name = safe_name(name)
    if is_archive(name):
        raise InvalidInputError(
            f"{name!r} is an archive; unpack it, or send it to /api/v1/collections/NAME/documents"
        )
    file_id = f"file-{uuid.uuid4().hex}"
    folder = _folder(grove)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{file_id}.part"
    try:
        with part.open("wb") as target:
            shutil.copyfileobj(content, target)
            num_bytes = target.tell()
        part.rename(folder / file_id)
    finally:
        part.unlink(missing_ok=True)
    return grove.files.add(file_id, name, purpose=purpose, num_bytes=num_bytes)


def content_path(grove: Grove, file: StoredFile) -> Path | None:
    """Give where a file's bytes are; none of a document that came another way.

    Raises:
        NotFoundError: they were removed meanwhile.
    """
    if not file.is_kept:
        return None
    path = _folder(grove) / file.file_id
    if not path.is_file():
        raise NotFoundError(f"the bytes of {file.file_id} are gone")
    return path


def attach(grove: Grove, collection: str, file_ids: Sequence[str]) -> str:
    """Queue files that are kept; give the job's id. A file that is in already is skipped by the job.

    Raises:
        NotFoundError: no such collection, or no such file.
        InvalidInputError: no file, one twice, or one that is a document already.
    """
    grove.catalog.snapshot(collection)
    if not file_ids or len(set(file_ids)) != len(file_ids):
        raise InvalidInputError("file_ids: one or more, each once")
    files = [grove.files.file(file_id) for file_id in file_ids]
    if documents := [file.file_id for file in files if not file.is_kept]:
        raise InvalidInputError(
            f"{', '.join(documents)}: a document already; send the file itself to attach it"
        )
    parts = [JobFile(source_of(file), str(_folder(grove) / file.file_id), base="") for file in files]
    return grove.jobs.submit(collection, parts)


def detach(grove: Grove, collection: str, file: StoredFile) -> None:
    """Delete the document that a file became in a collection; the file stays.

    Raises:
        NotFoundError: no such collection, or the file is not in it.
    """
    if file.is_kept:
        grove.publisher.delete_documents(collection, source=source_of(file))
        return
    document = grove.catalog.document(file.file_id.removeprefix("file-"))
    if document.collection != collection:
        raise NotFoundError(f"collection {collection!r} has no file {file.file_id}")
    grove.publisher.delete_document(document.document_id)


def remove_file(grove: Grove, file: StoredFile) -> None:
    """Remove a file and what was made of it, in every collection; what waits of it is never taken in."""
    if not file.is_kept:
        grove.publisher.delete_document(file.file_id.removeprefix("file-"))
        return
    grove.files.cancel(source_of(file))  # first: what a job has published until then is found below
    for collection in grove.files.collections_with(source_of(file)):
        grove.publisher.delete_documents(collection, source=source_of(file))
    grove.files.remove(file.file_id)
    (_folder(grove) / file.file_id).unlink(missing_ok=True)


def _folder(grove: Grove) -> Path:
    return grove.settings.home_dir.absolute() / "files"
