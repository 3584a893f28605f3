"""The bytes of documents as they were received, one file of the home each, named by their hash.

A version of a document names its bytes; a file that no version names is removed. Files are not synced: the
name is the hash, so that one which a power cut has torn is recognised and taken for absent.
"""

import hashlib
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import NotFoundError
from rag.db._queries import within_reach
from rag.db.session import Database
from rag.db.tables import CollectionRow, DocumentRow, VersionRow

__all__ = ["Original", "Originals"]

_YOUNG_SECONDS = 3600.0  # its version may not be published yet
_AT_ONCE = 500  # hashes in one query


@dataclass(frozen=True, slots=True)
class Original:
    """What a version of a document was read from."""

    source: str
    version: int
    content_hash: str  # SHA-256, hex
    path: Path | None  # None: not kept


class Originals:
    """The originals of one tenant."""

    def __init__(self, database: Database, folder: Path, access: Access, *, max_bytes: int) -> None:
        """Keep files below a folder.

        Args:
            database: knows which are named.
            folder: of the home; made when the first file is kept.
            access: whose.
            max_bytes: larger ones are not kept.
        """
        self._database = database
        self._folder = folder / hashlib.sha256(access.tenant.encode()).hexdigest()[:16]
        self._access, self._tenant = access, access.tenant
        self._max_bytes = max_bytes

    def keep(self, content: bytes, content_hash: str) -> None:
        """Keep the bytes of a document that is about to be published, unless they are too many."""
        path = self._path(content_hash)
        if len(content) > self._max_bytes:
            return
        if path.exists() and path.stat().st_size == len(content):
            with suppress(FileNotFoundError):  # removed just now
                os.utime(path)  # young again: it stays until its version is published
                return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{uuid.uuid4().hex}.part")
        part.write_bytes(content)
        part.replace(path)

    def of(self, document_id: str, *, version: int | None = None) -> Original:
        """Give what a document was read from, its present version by default.

        Raises:
            NotFoundError: no such document, or no such version of it.
        """
        query = (
            select(DocumentRow.source, VersionRow.version, VersionRow.content_hash)
            .join(VersionRow, VersionRow.document_id == DocumentRow.id)
            .join(CollectionRow, CollectionRow.id == DocumentRow.collection_id)
            .where(DocumentRow.id == document_id, within_reach(self._access))
            .where(VersionRow.version == (DocumentRow.version if version is None else version))
        )
        with self._database.read() as session:
            found = session.execute(query).one_or_none()
        if found is None:
            which = "" if version is None else f" with a version {version}"
            raise NotFoundError(f"no document {document_id!r}{which}; `rag documents` lists what there is")
        path = self._path(found.content_hash)
        return Original(found.source, found.version, found.content_hash, path if path.exists() else None)

    def content(self, original: Original) -> bytes:
        """Read the bytes.

        Raises:
            NotFoundError: they were not kept, or are not whole any more.
        """
        content = self._whole(original.content_hash)
        if content is not None:
            return content
        raise NotFoundError(
            f"the original of {original.source!r} is not kept here; ingest the file again"
            " (GROVE_INGESTION__MAX_ORIGINAL_BYTES says up to which size originals are kept)"
        )

    def kept(self, session: Session) -> Iterator[tuple[str, bytes]]:
        """Give the originals of all versions by their hash: those that are kept, and whole."""
        query = select(VersionRow.content_hash).where(VersionRow.tenant == self._tenant).distinct()
        for content_hash in session.scalars(query.order_by(VersionRow.content_hash)).all():
            content = self._whole(content_hash)
            if content is not None:
                yield content_hash, content

    def hashes_of(self, document_id: str) -> list[str]:
        """Name the originals of all versions of one document."""
        with self._database.read() as session:
            return self.hashes(session, select(DocumentRow.id).where(DocumentRow.id == document_id))

    def hashes(self, session: Session, document_ids: Select[str]) -> list[str]:
        """Name the originals of all versions of documents."""
        query = select(VersionRow.content_hash).where(VersionRow.document_id.in_(document_ids))
        return list(session.scalars(query.distinct()))

    def remove(self, content_hashes: Sequence[str]) -> None:
        """Remove those of these originals that no version names any more; `sweep` removes young ones."""
        self.erase([each for each in content_hashes if _is_old(self._path(each))])

    def erase(self, content_hashes: Sequence[str]) -> None:
        """Remove those of these originals that no version names any more, however young they are."""
        for content_hash in self._unnamed(content_hashes):
            self._path(content_hash).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what crashes left behind, and what was young when its documents were deleted."""
        files = [path for path in self._folder.glob("*/*") if _is_old(path)]
        unnamed = set(self._unnamed([path.name for path in files]))
        for path in files:
            if path.name in unnamed and _is_old(path):  # not kept again meanwhile
                path.unlink(missing_ok=True)

    def _whole(self, content_hash: str) -> bytes | None:
        try:
            content = self._path(content_hash).read_bytes()
        except FileNotFoundError:
            return None
        return content if hashlib.sha256(content).hexdigest() == content_hash else None

    def _unnamed(self, content_hashes: Sequence[str]) -> Iterator[str]:
        for start in range(0, len(content_hashes), _AT_ONCE):
            some = content_hashes[start : start + _AT_ONCE]
            query = select(VersionRow.content_hash).where(
                VersionRow.tenant == self._tenant, VersionRow.content_hash.in_(some)
            )
            with self._database.read() as session:
                named = set(session.scalars(query))
            yield from (each for each in some if each not in named)

    def _path(self, content_hash: str) -> Path:
        return self._folder / content_hash[:2] / content_hash


def _is_old(path: Path) -> bool:
    """Tell whether a file is there whose version, if there is to be one, is published."""
    try:
        return path.stat().st_mtime < time.time() - _YOUNG_SECONDS
    except FileNotFoundError:
        return False
