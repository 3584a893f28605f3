"""Which segments the database names, and which of their rows are dead; in the caller's transaction.

Writers take locks in one order, so that two never wait for each other: the job's row, SEGMENTS, then the
collection's row (`raise_generation`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from rag.core.types import Row, Segment
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
    "SEGMENTS",
    "SegmentLoad",
    "counted",
    "dead_versions",
    "delete_where",
    "find_collection",
    "name_segment",
    "raise_generation",
    "retire_versions",
    "segment_loads",
    "serving_index",
    "written_indexes",
]

SEGMENTS = "segments"
"""The lock that is held from the staging of a segment to the commit, and by who removes the unnamed."""


@dataclass(frozen=True, slots=True)
class SegmentLoad:
    """A segment and how many of its rows are dead weight."""

    segment: Segment
    num_dead_rows: int


def raise_generation(session: Session, collection_id: str) -> None:
    """Tell readers that what can be found changes with this transaction."""
    session.execute(
        update(CollectionRow)
        .where(CollectionRow.id == collection_id)
        .values(generation=CollectionRow.generation + 1)
    )


def find_collection(session: Session, tenant: str, name: str) -> CollectionRow | None:
    """Give a tenant's collection."""
    return session.scalar(
        select(CollectionRow).where(CollectionRow.tenant == tenant, CollectionRow.name == name)
    )


def written_indexes(session: Session, serving: IndexRow) -> list[IndexRow]:
    """Give the indexes that its new rows go to: one that is begun, too, if it keeps the same of them."""
    found = session.scalars(
        select(IndexRow).where(
            IndexRow.collection_id == serving.collection_id, IndexRow.encoder == serving.encoder
        )
    )
    return [index for index in found if index.others == serving.others]


def serving_index(session: Session, collection_id: str) -> IndexRow:
    """Give the index that searches of the collection use."""
    return session.scalars(
        select(IndexRow).where(IndexRow.collection_id == collection_id, IndexRow.is_serving)
    ).one()


def name_segment(
    session: Session,
    index: IndexRow,
    segment: Segment,
    counts: Mapping[str, int],
    *,
    dead: frozenset[str] = frozenset(),
) -> None:
    """Make a staged segment part of an index: versions with their rows; dead ones are not found."""
    session.execute(
        insert(SegmentRow),
        {
            "id": segment.segment_id,
            "tenant": index.tenant,
            "index_id": index.id,
            "num_rows": segment.num_rows,
        },
    )
    session.execute(
        insert(SegmentVersionRow),
        [
            {
                "segment_id": segment.segment_id,
                "version_id": version_id,
                "tenant": index.tenant,
                "num_rows": num_rows,
                "is_dead": version_id in dead,
            }
            for version_id, num_rows in counts.items()
        ],
    )


def segment_loads(session: Session, index_id: str) -> list[SegmentLoad]:
    """List an index's segments, smallest first."""
    dead_rows = func.sum(case((SegmentVersionRow.is_dead, SegmentVersionRow.num_rows), else_=0))
    found = session.execute(
        select(SegmentRow.id, SegmentRow.num_rows, dead_rows)
        .join(SegmentVersionRow, SegmentVersionRow.segment_id == SegmentRow.id)
        .where(SegmentRow.index_id == index_id)
        .group_by(SegmentRow.id, SegmentRow.num_rows)
        .order_by(SegmentRow.num_rows, SegmentRow.id)
    ).all()
    return [
        SegmentLoad(Segment(segment_id, num_rows, dead_versions(session, [segment_id])), int(num_dead))
        for segment_id, num_rows, num_dead in found
    ]


def dead_versions(session: Session, segment_ids: Sequence[str]) -> frozenset[str]:
    """Give the versions whose rows in these segments must not be found."""
    return frozenset(
        session.scalars(
            select(SegmentVersionRow.version_id).where(
                SegmentVersionRow.segment_id.in_(segment_ids), SegmentVersionRow.is_dead
            )
        )
    )


def retire_versions(session: Session, version_ids: Sequence[str]) -> None:
    """Make versions unfindable; their text stays for old citations."""
    session.execute(delete(ChunkRow).where(ChunkRow.version_id.in_(version_ids)))
    session.execute(
        update(SegmentVersionRow).where(SegmentVersionRow.version_id.in_(version_ids)).values(is_dead=True)
    )


def counted(rows: Iterable[Row], counts: Counter[str]) -> Iterator[Row]:
    """Hand rows on one at a time, and count those of each version."""
    for row in rows:
        counts[row.version_id] += 1
        yield row


def delete_where(session: Session, collection_id: str, condition: ColumnElement[bool]) -> tuple[int, int]:
    """Delete documents with all their versions; give documents and chunks that could be found."""
    raise_generation(session, collection_id)
    is_current = (VersionRow.document_id == DocumentRow.id) & (VersionRow.version == DocumentRow.version)
    num_documents, num_chunks = session.execute(
        select(func.count(), func.coalesce(func.sum(VersionRow.num_chunks), 0))
        .select_from(DocumentRow)
        .join(VersionRow, is_current)
        .where(condition)
    ).one()
    versions = (
        select(VersionRow.id).join(DocumentRow, DocumentRow.id == VersionRow.document_id).where(condition)
    )
    # Ignoring what the session holds: it holds none of these rows, or is told by the database.
    unsynchronised = {"synchronize_session": False}
    session.execute(
        update(SegmentVersionRow).where(SegmentVersionRow.version_id.in_(versions)).values(is_dead=True),
        execution_options=unsynchronised,
    )
    session.execute(delete(DocumentRow).where(condition), execution_options=unsynchronised)
    alive = select(SegmentVersionRow.segment_id).where(SegmentVersionRow.is_dead.is_(False))
    indexes = select(IndexRow.id).where(IndexRow.collection_id == collection_id)
    session.execute(
        delete(SegmentRow).where(SegmentRow.index_id.in_(indexes), SegmentRow.id.not_in(alive)),
        execution_options=unsynchronised,
    )
    return num_documents, int(num_chunks)
