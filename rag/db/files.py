"""Files that HTTP clients keep here before they attach them to collections, and what became of them.

Knows no bytes: indexing/attach.py keeps those. A file attached has the source `FILE_ID/NAME`, so that two
files of one name are two documents; a document that came another way has an id made from its own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import NotFoundError
from rag.core.types import Attribute, attributes_of
from rag.db._queries import within_reach
from rag.db._views import DocumentSummary
from rag.db._waiting import cancel_for_good
from rag.db.http_tables import FileRow
from rag.db.session import Database
from rag.db.tables import CollectionRow, DocumentRow, JobFileRow, JobRow, VersionRow

__all__ = ["FileRegister", "StoredFile", "file_id_of", "file_name_of", "is_attached", "source_of"]

_SOURCE = re.compile(r"(file-[0-9a-f]{32})/(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it was sent, or a document that came another way."""

    file_id: str
    name: str
    purpose: str
    num_bytes: int  # of a document that came another way: of its text
    created_at: datetime
    is_kept: bool  # its bytes are here, as they were sent


def source_of(file: StoredFile) -> str:
    """Give the source that the file's document has."""
    return f"{file.file_id}/{file.name}"


def file_id_of(document_id: str, source: str) -> str:
    """Give the id of the file that a document came from.

    >>> file_id_of("d1", "a/b.pdf")
    'file-d1'
    """
    found = _SOURCE.fullmatch(source)
    return found[1] if found else f"file-{document_id}"


def is_attached(source: str) -> bool:
    """Tell whether a source is that of a file which was kept first."""
    return _SOURCE.fullmatch(source) is not None


def file_name_of(source: str) -> str:
    """Give the name of the file that a document came from, without its id."""
    found = _SOURCE.fullmatch(source)
    return found[2] if found else source


class FileRegister:
    """The files of one caller, or of a tenant, and the documents that were made of them."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access
        self._tenant = access.tenant

    def add(self, file_id: str, name: str, *, purpose: str, num_bytes: int) -> StoredFile:
        """Note a file whose bytes are kept."""
        row = FileRow(id=file_id, tenant=self._tenant, name=name, purpose=purpose, num_bytes=num_bytes)
        row.owner = self._access.subject
        with self._database.write() as session:
            session.add(row)
            session.flush()
            return _file(row)

    def file(self, file_id: str) -> StoredFile:
        """Give a file.

        Raises:
            NotFoundError: no such file.
        """
        with self._database.read() as session:
            row = session.scalar(self._files().where(FileRow.id == file_id))
            if row is not None:
                return _file(row)
            found = session.execute(
                select(
                    DocumentRow.id,
                    DocumentRow.source,
                    VersionRow.created_at,
                    VersionRow.text,
                )
                .join(VersionRow, VersionRow.document_id == DocumentRow.id)
                .join(CollectionRow, CollectionRow.id == DocumentRow.collection_id)
                .where(VersionRow.version == DocumentRow.version, within_reach(self._access))
                .where(DocumentRow.id == file_id.removeprefix("file-"))
            ).one_or_none()
        if found is None or file_id_of(found.id, found.source) != file_id:
            raise NotFoundError(f"no file {file_id!r}; GET /v1/files lists those that were sent")
        return StoredFile(
            file_id, found.source, "user_data", len(found.text.encode()), found.created_at, False
        )

    def files(
        self, *, limit: int, after: str | None, is_ascending: bool, purpose: str | None = None
    ) -> list[StoredFile]:
        """List the files that were sent, by time; those behind the given one.

        Raises:
            NotFoundError: `after` is no file.
        """
        time = FileRow.created_at
        order = (time, FileRow.id) if is_ascending else (time.desc(), FileRow.id.desc())
        query = self._files().order_by(*order).limit(limit)
        if purpose is not None:
            query = query.where(FileRow.purpose == purpose)
        if after is not None:
            last = self.file(after)
            is_behind = time > last.created_at if is_ascending else time < last.created_at
            is_further = FileRow.id > after if is_ascending else FileRow.id < after
            query = query.where(is_behind | ((time == last.created_at) & is_further))
        with self._database.read() as session:
            return [_file(row) for row in session.scalars(query)]

    def remove(self, file_id: str) -> None:
        """Forget a file; what was made of it stays."""
        with self._database.write() as session:
            row = session.scalar(self._files().where(FileRow.id == file_id))
            if row is not None:
                session.delete(row)

    def cancel(self, source: str) -> list[str]:
        """Cancel for good what jobs still have to do of a source; name the collections of those jobs."""
        query = (
            select(JobRow.collection)
            .join(JobFileRow, JobFileRow.job_id == JobRow.id)
            .where(JobRow.tenant == self._tenant, JobFileRow.source == source)
            .distinct()
            .order_by(JobRow.collection)
        )
        with self._database.write() as session:
            collections = list(session.scalars(query))
            for collection in collections:
                cancel_for_good(session, self._tenant, collection, [source])
        return collections

    def collections_with(self, source: str) -> list[str]:
        """Name the collections that hold a document from this source."""
        query = (
            select(CollectionRow.name)
            .join(DocumentRow, DocumentRow.collection_id == CollectionRow.id)
            .where(within_reach(self._access), DocumentRow.source == source)
            .order_by(CollectionRow.name)
        )
        with self._database.read() as session:
            return list(session.scalars(query))

    def document(self, collection: str, source: str) -> DocumentSummary | None:
        """Give the document of a collection from this source, if there is one."""
        query = (
            select(DocumentRow, VersionRow)
            .join(VersionRow, VersionRow.document_id == DocumentRow.id)
            .join(CollectionRow, CollectionRow.id == DocumentRow.collection_id)
            .where(VersionRow.version == DocumentRow.version, within_reach(self._access))
            .where(CollectionRow.name == collection, DocumentRow.source == source)
        )
        with self._database.read() as session:
            found = session.execute(query).one_or_none()
        if found is None:
            return None
        document, version = found
        return DocumentSummary(
            document.id,
            source,
            version.title,
            "ready",
            version.version,
            version.num_chunks,
            None,
            version.created_at,
        )

    def document_attributes(self, document_ids: Sequence[str]) -> Mapping[str, Mapping[str, Attribute]]:
        """Give the metadata of documents by their ids."""
        query = (
            select(DocumentRow.id, VersionRow.attributes)
            .join(VersionRow, VersionRow.document_id == DocumentRow.id)
            .join(CollectionRow, CollectionRow.id == DocumentRow.collection_id)
            .where(VersionRow.version == DocumentRow.version, within_reach(self._access))
            .where(DocumentRow.id.in_(document_ids))
        )
        with self._database.read() as session:
            return {row.id: attributes_of(row.attributes) for row in session.execute(query)}

    def labels(self, collection: str) -> dict[str, str]:
        """Give what a client noted about a collection.

        Raises:
            NotFoundError: no such collection.
        """
        with self._database.read() as session:
            return dict(self._collection(session, collection).labels)

    def label(self, collection: str, labels: Mapping[str, str]) -> None:
        """Set what a client notes about a collection.

        Raises:
            NotFoundError: no such collection.
            ForbiddenError: the caller may only read it.
        """
        self._access.check_write(collection)
        with self._database.write() as session:
            row = self._collection(session, collection)
            session.execute(
                update(CollectionRow).where(CollectionRow.id == row.id).values(labels=dict(labels))
            )

    def _collection(self, session: Session, name: str) -> CollectionRow:
        row = session.scalar(
            select(CollectionRow).where(within_reach(self._access), CollectionRow.name == name)
        )
        if row is None:
            raise NotFoundError(f"no collection {name!r}")
        return row

    def _files(self) -> Select[FileRow]:
        # A file is its sender's own until it is attached; an administrator sees those of the whole tenant.
        query = select(FileRow).where(FileRow.tenant == self._tenant)
        return query if self._access.has("admin") else query.where(FileRow.owner == self._access.subject)


def _file(row: FileRow) -> StoredFile:
    return StoredFile(row.id, row.name, row.purpose, row.num_bytes, row.created_at, True)
