"""The two reads of every search, built once and run without the ORM: together well below a millisecond."""

from sqlalchemy import ColumnElement, Select, Table, bindparam, select
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.types import Segment, Snapshot
from rag.db.tables import (
    ChunkRow,
    CollectionRow,
    DocumentRow,
    IndexRow,
    SegmentRow,
    SegmentVersionRow,
    VersionRow,
)

__all__ = [
    "FIND_COLLECTION",
    "FIND_PASSAGES",
    "current_versions",
    "past_versions",
    "read_snapshot",
    "within_reach",
]


def _table(row: type[object]) -> Table:
    table = getattr(row, "__table__")  # noqa: B009  # mapped classes declare it with a wider type
    assert isinstance(table, Table)
    return table


_chunks, _versions, _documents = _table(ChunkRow).c, _table(VersionRow).c, _table(DocumentRow).c
_collections = _table(CollectionRow).c

FIND_COLLECTION = select(_collections.id, _collections.generation).where(
    _collections.tenant == bindparam("tenant"), _collections.name == bindparam("name")
)
"""tenant, name -> (id, generation)."""

FIND_PASSAGES = (
    select(
        _chunks.id,
        _documents.id.label("document_id"),
        _versions.version,
        _documents.source,
        _versions.title,
        _chunks.page,
        _chunks.start,
        _chunks.end,
        _chunks.text,
        _chunks.heading,
    )
    .join(_table(VersionRow), _versions.id == _chunks.version_id)
    .join(_table(DocumentRow), _documents.id == _versions.document_id)
    .join(_table(CollectionRow), _collections.id == _documents.collection_id)
    .where(_chunks.id.in_(bindparam("chunk_ids", expanding=True)), _chunks.tenant == bindparam("tenant"))
)
"""tenant, chunk_ids -> the fields of a passage but its score."""


def within_reach(access: Access) -> ColumnElement[bool]:
    """Give the condition on collections that keeps a query to those that a caller may read."""
    condition = CollectionRow.tenant == access.tenant
    return condition if access.readable is None else condition & CollectionRow.name.in_(access.readable)


def current_versions(access: Access) -> Select[DocumentRow, VersionRow]:
    """Select the documents that a caller may read, with the version of each that is found."""
    return past_versions(access).where(VersionRow.version == DocumentRow.version)


def past_versions(access: Access) -> Select[DocumentRow, VersionRow]:
    """Select the documents that a caller may read, with every version of each that is or was found."""
    return (
        select(DocumentRow, VersionRow)
        .join(VersionRow, VersionRow.document_id == DocumentRow.id)
        .join(CollectionRow, CollectionRow.id == DocumentRow.collection_id)
        .where(within_reach(access), VersionRow.version <= DocumentRow.version)
    )


def read_snapshot(session: Session, collection: CollectionRow) -> Snapshot:
    """Give what a search of a collection may see now: its serving index's segments."""
    index = session.scalars(
        select(IndexRow).where(IndexRow.collection_id == collection.id, IndexRow.is_serving)
    ).one()
    dead: dict[str, set[str]] = {}
    query = (
        select(SegmentVersionRow.segment_id, SegmentVersionRow.version_id)
        .join(SegmentRow, SegmentRow.id == SegmentVersionRow.segment_id)
        .where(SegmentRow.index_id == index.id, SegmentVersionRow.is_dead)
    )
    for segment_id, version_id in session.execute(query):
        dead.setdefault(segment_id, set()).add(version_id)
    segments = session.scalars(
        select(SegmentRow).where(SegmentRow.index_id == index.id).order_by(SegmentRow.id)
    )
    return Snapshot(
        collection.tenant,
        collection.name,
        collection.generation,
        index.encoder,
        tuple(Segment(row.id, row.num_rows, frozenset(dead.get(row.id, ()))) for row in segments),
        index.others,
    )
