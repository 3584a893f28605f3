"""Versions of documents: which there are, and new ones in place of them; in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from rag.db._encoded import EncodedDocument
from rag.db._segments import retire_versions
from rag.db.tables import ChunkRow, CollectionRow, DocumentRow, VersionRow

__all__ = ["Change", "KnownVersion", "keep_base", "known_versions", "stamp_version", "write_versions"]


@dataclass(frozen=True, slots=True)
class Change:
    """A document to write, and what it takes the place of."""

    document_id: str
    old_version: int  # 0: none yet
    item: EncodedDocument

    @property
    def version_id(self) -> str:
        """Name the version that is written."""
        return f"{self.document_id}.{self.old_version + 1}"


class KnownVersion(NamedTuple):
    """What the collection holds of a source."""

    document_id: str
    version: int
    content_hash: str
    pipeline_version: str
    stamp: str | None
    base: str | None = None  # the folder that the source is relative to

    def is_of(self, content_hash: str, pipeline_version: str) -> bool:
        """Tell whether it holds these bytes, read this way."""
        return (self.content_hash, self.pipeline_version) == (content_hash, pipeline_version)


def known_versions(session: Session, collection_id: str, sources: Sequence[str]) -> dict[str, KnownVersion]:
    """Give what the collection holds of these sources."""
    is_current = (VersionRow.document_id == DocumentRow.id) & (VersionRow.version == DocumentRow.version)
    query = (
        select(
            DocumentRow.source,
            DocumentRow.id,
            DocumentRow.version,
            VersionRow.content_hash,
            VersionRow.pipeline_version,
            VersionRow.stamp,
            DocumentRow.base,
        )
        .join(VersionRow, is_current)
        .where(DocumentRow.collection_id == collection_id, DocumentRow.source.in_(sources))
    )
    return {row.source: KnownVersion(*row[1:]) for row in session.execute(query)}


def stamp_version(session: Session, document_id: str, stamp: str) -> None:
    """Keep what a source says of bytes that are in already."""
    current = select(DocumentRow.version).where(DocumentRow.id == document_id).scalar_subquery()
    is_current = (VersionRow.document_id == document_id) & (VersionRow.version == current)
    # Looking for such rows in the session is two fifths of the cost.
    session.execute(
        update(VersionRow).where(is_current).values(stamp=stamp),
        execution_options={"synchronize_session": False},
    )


def keep_base(session: Session, document_ids: Sequence[str], base: str | None) -> None:
    """Note which folder the sources of documents are relative to."""
    is_other = DocumentRow.base.is_distinct_from(base)
    session.execute(update(DocumentRow).where(DocumentRow.id.in_(document_ids), is_other).values(base=base))


def write_versions(session: Session, collection: CollectionRow, changes: Sequence[Change]) -> None:
    """Put new versions in place of the former ones; one statement a table, for speed."""
    tenant = {"tenant": collection.tenant}
    made = [
        {"id": change.document_id, "source": change.item.source, "version": 1}
        for change in changes
        if change.old_version == 0
    ]
    moved = [
        {"id": change.document_id, "version": change.old_version + 1}
        for change in changes
        if change.old_version > 0
    ]
    versions = [
        {
            "id": change.version_id,
            "document_id": change.document_id,
            "version": change.old_version + 1,
            **change.item.version_row(),
        }
        for change in changes
    ]
    chunks = [row for change in changes for row in change.item.chunk_rows(change.version_id)]
    old = [f"{change.document_id}.{change.old_version}" for change in changes if change.old_version]
    retire_versions(session, old)
    if made:
        session.execute(insert(DocumentRow).values(**tenant, collection_id=collection.id), made)
    if moved:
        session.execute(update(DocumentRow), moved)
    session.execute(insert(VersionRow).values(**tenant), versions)
    if chunks:
        session.execute(insert(ChunkRow).values(**tenant), chunks)
