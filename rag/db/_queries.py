"""The two reads of every search, built once and run without the ORM: together well below a millisecond."""

from sqlalchemy import Table, bindparam, select

from rag.db.tables import ChunkRow, CollectionRow, DocumentRow, VersionRow

__all__ = ["FIND_COLLECTION", "FIND_PASSAGES"]


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
    .where(_chunks.id.in_(bindparam("chunk_ids", expanding=True)), _chunks.tenant == bindparam("tenant"))
)
"""tenant, chunk_ids -> the fields of a passage but its score."""
