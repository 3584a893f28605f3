"""The writes that change what can be found; each is one commit that raises the collection's generation."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import ConflictError, InvalidInputError, NotFoundError, SegmentGoneError
from rag.core.protocols import Store
from rag.core.types import Segment
from rag.db._encoded import EncodedDocument, Published
from rag.db._queries import current_versions
from rag.db._segments import (
    SEGMENTS,
    SegmentLoad,
    counted,
    dead_versions,
    delete_where,
    find_collection,
    name_segment,
    raise_generation,
    segment_loads,
    serving_index,
    written_indexes,
)
from rag.db._versions import Change, KnownVersion, keep_base, known_versions, stamp_version, write_versions
from rag.db._waiting import cancel_for_good
from rag.db.originals import Originals
from rag.db.session import Database
from rag.db.tables import CollectionRow, DocumentRow, IndexRow, SegmentRow

__all__ = ["EncodedDocument", "KnownVersion", "Published", "Publisher", "keep_base", "stamp_version"]

NO_OTHERS: Mapping[str, str] = {}
_MAX_NAME_CHARS = 100
_PLACES = (".", "..")  # what an address means by these is another place


class Publisher:
    """Writes of one tenant, over the store that keeps the vectors."""

    def __init__(
        self, database: Database, store: Store, access: Access, *, originals: Originals | None = None
    ) -> None:
        """Write for a tenant.

        Args:
            database: where everything is named.
            store: where vectors are.
            access: whose.
            originals: go with their documents.
        """
        self._originals = originals
        self._database = database
        self._store = store
        self._tenant = access.tenant
        self._access = access

    def create_collection(self, name: str, *, encoder: str, others: Mapping[str, str] = NO_OTHERS) -> bool:
        """Make the collection unless it exists; tell whether it was made.

        Args:
            name: of the collection.
            encoder: fingerprint of the dense encoder.
            others: further kinds of index, with the fingerprints of their encoders.

        Raises:
            InvalidInputError: not a name.
            ForbiddenError, NotFoundError: the caller may not change a collection of this name.
        """
        self._access.check_write(name)
        is_short = 0 < len(name) <= _MAX_NAME_CHARS
        if not is_short or name != name.strip() or not name.isprintable() or name in _PLACES:
            raise InvalidInputError(
                f"a collection's name has 1 to {_MAX_NAME_CHARS} printable characters, no white space"
                f" around it, and is not . or .., got {name!r:.140}"
            )
        with self._database.write() as session:
            self._database.lock(session, "collections")
            if find_collection(session, self._tenant, name) is not None:
                return False
            row = CollectionRow(id=uuid.uuid4().hex, tenant=self._tenant, name=name)
            session.add(row)
            session.flush()
            index = IndexRow(
                id=uuid.uuid4().hex, tenant=self._tenant, collection_id=row.id, encoder=encoder
            )
            index.others = dict(others)
            session.add(index)
            return True

    def known(self, collection: str, sources: Sequence[str]) -> dict[str, KnownVersion]:
        """Give what the collection holds of these sources.

        Raises:
            NotFoundError: no such collection.
        """
        with self._database.read() as session:
            return known_versions(session, self._collection(session, collection).id, sources)

    def delete_sources(self, session: Session, collection: str, sources: Sequence[str]) -> list[str]:
        """Delete what came from these sources, in the caller's transaction; give what to `forget` after it.

        Raises:
            NotFoundError: no such collection.
        """
        row = self._collection(session, collection)
        is_gone = (DocumentRow.collection_id == row.id) & DocumentRow.source.in_(sources)
        names = self._original_names(session, is_gone)
        delete_where(session, row.id, is_gone)
        return names

    def publish(
        self,
        session: Session,
        collection: str,
        documents: Sequence[EncodedDocument],
        *,
        encoder: str,
        others: Mapping[str, str] = NO_OTHERS,
    ) -> list[Published]:
        """Make documents visible in the caller's transaction, in place of their former versions.

        Raises:
            NotFoundError: the collection was deleted meanwhile.
            ConflictError: the collection was indexed by another encoder, or for other kinds of index.
        """
        self._database.lock(session, SEGMENTS, shared=True)
        row = self._collection(session, collection)
        # This locks the row: of two who publish the same source, the second sees the first.
        raise_generation(session, row.id)
        index = serving_index(session, row.id)
        if index.encoder != encoder:
            raise ConflictError(
                f"collection {collection!r} was indexed with {index.encoder}, the settings say {encoder};"
                " ingest into another collection, or `rag reindex` this one"
            )
        if index.others != others:
            raise ConflictError(
                f"the further indexes of collection {collection!r} are {index.others or 'none'}, of what is"
                f" published {dict(others) or 'none'}; ingest again, or `rag reindex` the collection"
            )
        known = known_versions(session, row.id, [item.source for item in documents])
        published: list[Published] = []
        changes: list[Change] = []
        for item in documents:
            old = known.get(item.source, KnownVersion(uuid.uuid4().hex, 0, "", "", None))
            is_new = not old.is_of(item.content_hash, item.pipeline_version)
            num_chunks = len(item.chunks) if is_new else 0
            published.append(Published(item.source, old.document_id, num_chunks, is_new))
            if is_new:
                changes.append(Change(old.document_id, old.version, item))
        if changes:
            write_versions(session, row, changes)
        rows = [row for change in changes for row in change.item.store_rows(change.version_id)]
        if rows:
            counts = Counter(row.version_id for row in rows)
            for each in written_indexes(session, index):
                name_segment(session, each, self._store.stage(rows, session=session), counts)
        return published

    def delete_documents(self, collection: str, *, source: str | None = None) -> tuple[int, int]:
        """Delete one source's document, or the collection with all of them; give documents and chunks.

        What jobs still have to do of it is cancelled, and what failed of it is not retried.

        Raises:
            NotFoundError: no such collection or source.
            ForbiddenError: the caller may only read it.
        """
        self._access.check_write(collection)
        with self._database.write() as session:
            row = self._collection(session, collection)
            sources = None if source is None else [source]
            num_waiting = cancel_for_good(session, self._tenant, collection, sources)
            condition = DocumentRow.collection_id == row.id
            if source is not None:
                condition &= DocumentRow.source == source
            named = self._original_names(session, condition)
            counts = delete_where(session, row.id, condition)
            if source is not None and counts[0] == num_waiting == 0:
                raise NotFoundError(f"collection {collection!r} has no document from {source!r}")
            if source is None:
                session.delete(row)
        self.forget(named)
        return counts

    def delete_document(self, document_id: str) -> tuple[int, int]:
        """Delete one document; give documents and chunks.

        Raises:
            NotFoundError: no such document.
            ForbiddenError: the caller may only read its collection.
        """
        with self._database.write() as session:
            document = session.scalar(current_versions(self._access).where(DocumentRow.id == document_id))
            if document is None:
                raise NotFoundError(f"no document {document_id!r}; `rag documents` lists what there is")
            collection = session.get_one(CollectionRow, document.collection_id).name
            self._access.check_write(collection)
            cancel_for_good(session, self._tenant, collection, [document.source])
            named = self._original_names(session, DocumentRow.id == document_id)
            counts = delete_where(session, document.collection_id, DocumentRow.id == document_id)
        self.forget(named)
        return counts

    def loads(self, collection: str, *, index_id: str | None = None) -> list[SegmentLoad]:
        """List the segments of a collection's serving index, or of the given one, smallest first.

        Raises:
            NotFoundError: no such collection.
        """
        with self._database.read() as session:
            row = self._collection(session, collection)
            return segment_loads(session, index_id or serving_index(session, row.id).id)

    def replace_segments(self, collection: str, old: Sequence[Segment]) -> bool:
        """Merge segments of one index into one of their live rows; false when another merge was faster.

        What is deleted while this runs stays deleted.

        Raises:
            NotFoundError: the collection was deleted meanwhile.
        """
        merged: list[Segment] = []
        is_first = True
        try:
            with self._database.write() as session:
                self._merge(session, collection, old, merged)
        except _OvertakenError:
            is_first = False
        # By name, for a sweep leaves what is young: it may be of somebody who is still writing.
        gone = [each.segment_id for each in (old if is_first else merged)]
        with self._database.write() as session:
            self._store.drop(gone, keep=[], session=session)
        self.sweep()
        return is_first

    def sweep(self) -> list[str]:
        """Remove the segments that nothing names: of crashes, of merges and of deleted documents.

        While others write segments nothing is removed: theirs have no name yet, and they sweep too.
        """
        with self._database.write() as session:
            if not self._database.try_lock(session, SEGMENTS):
                return []
            named = list(session.scalars(select(SegmentRow.id)))
            return self._store.drop(None, keep=named, session=session)

    def forget(self, original_names: Sequence[str]) -> None:
        """Remove what deleted documents leave behind."""
        self.sweep()
        if self._originals is not None:
            self._originals.remove(original_names)

    def _original_names(self, session: Session, condition: ColumnElement[bool]) -> list[str]:
        if self._originals is None:
            return []
        return self._originals.hashes(session, select(DocumentRow.id).where(condition))

    def _merge(
        self, session: Session, collection: str, old: Sequence[Segment], merged: list[Segment]
    ) -> None:
        self._database.lock(session, SEGMENTS, shared=True)
        segment_ids = [segment.segment_id for segment in old]
        named = select(SegmentRow.index_id).where(SegmentRow.id.in_(segment_ids))
        # An embedded store does not touch the session: nobody waits for SQLite's lock while it works.
        rows = chain.from_iterable(self._store.rows(segment, session=session) for segment in old)
        counts: Counter[str] = Counter()
        try:
            if (first := next(rows, None)) is not None:
                merged.append(self._store.stage(counted(chain([first], rows), counts), session=session))
        except SegmentGoneError:
            if len(session.scalars(named).all()) == len(old):
                raise
            raise _OvertakenError from None
        collection_id = self._collection(session, collection).id
        raise_generation(session, collection_id)
        index_ids = session.scalars(named).all()
        if len(index_ids) < len(old):
            raise _OvertakenError
        index = session.get_one(IndexRow, index_ids[0])
        dead = dead_versions(session, segment_ids)
        session.execute(delete(SegmentRow).where(SegmentRow.id.in_(segment_ids)))
        for segment in merged:
            name_segment(session, index, segment, counts, dead=dead)

    def _collection(self, session: Session, name: str) -> CollectionRow:
        row = find_collection(session, self._tenant, name)
        if row is None:
            raise NotFoundError(f"no collection {name!r}; `rag collections` lists what there is")
        return row


class _OvertakenError(Exception):
    """Say that segments to merge are no longer there."""
