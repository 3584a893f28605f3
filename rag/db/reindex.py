"""A collection's index written anew beside the one that serves, then put in its place: blue/green.

What is rebuilt is what the database keeps: the chunks as they were cut. Documents that come meanwhile are
written to both indexes (`Publisher.publish`), and a delete reaches both, so that the new one catches up.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import NotFoundError
from rag.core.protocols import Store
from rag.core.types import Attribute, Chunk, attributes_of
from rag.db._encoded import EncodedDocument
from rag.db._segments import SEGMENTS, find_collection, name_segment, raise_generation, serving_index
from rag.db.session import Database
from rag.db.tables import (
    ChunkRow,
    CollectionRow,
    DocumentRow,
    IndexRow,
    SegmentRow,
    SegmentVersionRow,
    VersionRow,
)

__all__ = ["Reindexer", "StoredVersion", "Totals"]

_IS_CURRENT = (VersionRow.document_id == DocumentRow.id) & (VersionRow.version == DocumentRow.version)
NO_OTHERS: Mapping[str, str] = {}
_MAX_VERSIONS = 64  # read at once


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """What the database keeps of a document version, as it goes into an index."""

    version_id: str
    source: str
    title: str
    attributes: Mapping[str, Attribute]
    chunks: list[Chunk]


@dataclass(frozen=True, slots=True)
class Totals:
    """How much of a collection a new index holds."""

    documents: int
    documents_done: int
    chunks: int
    chunks_done: int


class Reindexer:
    """Rebuilds the indexes of one tenant."""

    def __init__(self, database: Database, store: Store, access: Access) -> None:
        self._database = database
        self._store = store
        self._tenant = access.tenant

    def begin(
        self, session: Session, collection: str, *, encoder: str, others: Mapping[str, str] = NO_OTHERS
    ) -> str:
        """Make an empty index that does not serve, or find the one that was begun; give its id.

        It is made in the caller's transaction.

        Raises:
            NotFoundError: no such collection.
        """
        row = self._locked(session, collection)
        begun = session.scalar(_begun(row))
        if begun is not None and (begun.encoder, begun.others) == (encoder, others):
            return begun.id
        if begun is not None:
            session.delete(begun)
        index = IndexRow(id=uuid4().hex, tenant=row.tenant, collection_id=row.id, encoder=encoder)
        index.others, index.is_serving = dict(others), False
        session.add(index)
        return index.id

    def totals(self, index_id: str) -> Totals:
        """Count what there is and what the new index has of it.

        Raises:
            NotFoundError: the index, or its collection, was deleted meanwhile.
        """
        counts = func.count(), func.coalesce(func.sum(VersionRow.num_chunks), 0)
        with self._database.read() as session:
            versions = _versions_of(self._index(session, index_id)).with_only_columns(*counts)
            documents, chunks = session.execute(versions).one()
            documents_done, chunks_done = session.execute(versions.where(_is_in(index_id))).one()
        return Totals(documents, documents_done, int(chunks), int(chunks_done))

    def missing(self, index_id: str, *, max_chunks: int) -> list[StoredVersion]:
        """Give some of what the new index does not have yet: whole versions, one more than fits at most.

        Raises:
            NotFoundError: the index, or its collection, was deleted meanwhile.
        """
        given: list[StoredVersion] = []
        num_chunks = 0
        with self._database.read() as session:
            query = _versions_of(self._index(session, index_id)).where(~_is_in(index_id))
            for version, source in session.execute(query.order_by(VersionRow.id).limit(_MAX_VERSIONS)):
                if num_chunks >= max_chunks:
                    break
                chunks = session.scalars(
                    select(ChunkRow).where(ChunkRow.version_id == version.id).order_by(ChunkRow.ordinal)
                )
                cut = [Chunk(row.start, row.end, row.text, tuple(row.heading)) for row in chunks]
                attributes = attributes_of(version.attributes)
                given.append(StoredVersion(version.id, source, version.title, attributes, cut))
                num_chunks += len(cut)
        return given

    def add(self, session: Session, index_id: str, encoded: Mapping[str, EncodedDocument]) -> None:
        """Write versions into the new index, in the caller's transaction; what was replaced is dead.

        Raises:
            NotFoundError: the index, or its collection, was deleted meanwhile.
        """
        self._database.lock(session, SEGMENTS, shared=True)
        rows = [row for version_id, item in encoded.items() for row in item.store_rows(version_id)]
        segment = self._store.stage(rows, session=session)
        index = self._index(session, index_id)
        session.execute(_locking(CollectionRow.id == index.collection_id))
        current = set(
            session.scalars(
                _versions_of(index)
                .with_only_columns(VersionRow.id)
                .where(VersionRow.id.in_(encoded), ~_is_in(index_id))
            )
        )
        counts = Counter(row.version_id for row in rows)
        name_segment(session, index, segment, counts, dead=frozenset(set(encoded) - current))

    def switch(self, session: Session, collection: str, index_id: str) -> bool:
        """Make the new index the one that serves, unless something is missing in it; tell whether it does.

        Raises:
            NotFoundError: the index, or its collection, was deleted meanwhile.
        """
        row = self._locked(session, collection)
        index = self._index(session, index_id)
        if session.scalar(_versions_of(index).where(~_is_in(index_id)).limit(1)) is not None:
            return False
        session.delete(serving_index(session, row.id))
        index.is_serving = True
        raise_generation(session, row.id)
        return True

    def abandon(self, collection: str) -> None:
        """Forget the index that was begun, if any; the one that serves goes on."""
        with self._database.write() as session:
            row = find_collection(session, self._tenant, collection)
            begun = None if row is None else session.scalar(_begun(row))
            if begun is not None:
                session.delete(begun)

    def _locked(self, session: Session, collection: str) -> CollectionRow:
        """Give the collection, and keep those away who would publish to it."""
        row = session.scalar(
            _locking((CollectionRow.tenant == self._tenant) & (CollectionRow.name == collection))
        )
        if row is None:
            raise NotFoundError(f"no collection {collection!r}; `rag collections` lists what there is")
        return row

    def _index(self, session: Session, index_id: str) -> IndexRow:
        index = session.get(IndexRow, index_id)
        if index is None or index.tenant != self._tenant:
            raise NotFoundError("the collection was deleted, or its rebuilding given up, meanwhile")
        return index


def _locking(condition: ColumnElement[bool]) -> Select[CollectionRow]:
    return select(CollectionRow).where(condition).with_for_update()


def _begun(collection: CollectionRow) -> Select[IndexRow]:
    return select(IndexRow).where(IndexRow.collection_id == collection.id, ~IndexRow.is_serving)


def _versions_of(index: IndexRow) -> Select[VersionRow, str]:
    """Select the versions that the index's collection shows, with their sources."""
    return (
        select(VersionRow, DocumentRow.source)
        .join(DocumentRow, _IS_CURRENT)
        .where(DocumentRow.collection_id == index.collection_id, VersionRow.num_chunks > 0)
    )


def _is_in(index_id: str) -> ColumnElement[bool]:
    return exists().where(
        SegmentVersionRow.version_id == VersionRow.id,
        SegmentVersionRow.segment_id == SegmentRow.id,
        SegmentRow.index_id == index_id,
    )
