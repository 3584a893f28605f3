"""What the library holds: reads only, always within one tenant."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, undefer
from sqlalchemy.orm.interfaces import ORMOption

from rag.core.access import Access
from rag.core.errors import NotFoundError
from rag.core.kinds import DENSE, parse_kinds
from rag.core.layout import Box, Layout
from rag.core.types import Hit, Passage, Snapshot, attributes_of
from rag.db._layout import decode_layout
from rag.db._pending import pending_bases, pending_files
from rag.db._queries import (
    FIND_COLLECTION,
    FIND_PASSAGES,
    current_versions,
    past_versions,
    read_snapshot,
    within_reach,
)
from rag.db._views import (
    CollectionSummary,
    DocumentSummary,
    StoredChunk,
    StoredDocument,
    StoredName,
    StoredText,
)
from rag.db.session import Database
from rag.db.tables import (
    ChunkRow,
    CollectionRow,
    DocumentRow,
    IndexRow,
    VersionRow,
)

__all__ = [
    "Catalog",
    "CollectionSummary",
    "DocumentSummary",
    "StoredChunk",
    "StoredDocument",
    "StoredName",
    "StoredText",
]

_PAGE = 64  # texts read together
_NAMES = 1000  # names read together


class Catalog:
    """Reads of one caller."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access, self._tenant = access, access.tenant
        # In the query and not behind it: what a caller may not read is not even looked at.
        self._find_collection = FIND_COLLECTION.where(within_reach(access))
        self._find_passages = FIND_PASSAGES.where(within_reach(access))
        self._snapshots: dict[str, Snapshot] = {}
        # A layout is megabytes and an answer cites few documents: keep the last ones decoded.
        self._layout = lru_cache(maxsize=16)(self._read_layout)

    def collections(self) -> list[CollectionSummary]:
        """List the collections by name."""
        query = (
            select(
                CollectionRow,
                IndexRow.others,
                func.count(VersionRow.id),
                func.coalesce(func.sum(VersionRow.num_chunks), 0),
            )
            .join(IndexRow, (IndexRow.collection_id == CollectionRow.id) & IndexRow.is_serving)
            .outerjoin(DocumentRow, DocumentRow.collection_id == CollectionRow.id)
            .outerjoin(
                VersionRow,
                (VersionRow.document_id == DocumentRow.id) & (VersionRow.version == DocumentRow.version),
            )
            .where(within_reach(self._access))
            .group_by(CollectionRow.id, IndexRow.id)
            .order_by(CollectionRow.name)
        )
        with self._database.read() as session:
            return [
                CollectionSummary(
                    row.name,
                    documents,
                    int(chunks),
                    row.generation,
                    row.created_at,
                    index=parse_kinds((DENSE, *others)),
                )
                for row, others, documents, chunks in session.execute(query)
            ]

    def snapshot(self, collection: str) -> Snapshot:
        """Give what a search of the collection may see now.

        Raises:
            NotFoundError: no such collection.
        """
        with self._database.connection() as connection:
            found = connection.execute(
                self._find_collection, {"tenant": self._tenant, "name": collection}
            ).first()
        cached = None if found is None else self._snapshots.get(found.id)
        if found is None or cached is None or cached.generation != found.generation:
            with self._database.read() as session:
                row = self._collection(session, collection)
                cached = read_snapshot(session, row)
                self._snapshots[row.id] = cached
        return cached

    def documents(
        self, collection: str, *, limit: int = 100, after: str | None = None
    ) -> list[DocumentSummary]:
        """List documents by source, those after the given source; the first page also has pending files.

        Raises:
            NotFoundError: no such collection.
        """
        with self._database.read() as session:
            row = self._collection(session, collection)
            pending = pending_files(session, row) if after is None else []
            query = current_versions(self._access).where(DocumentRow.collection_id == row.id)
            query = query.order_by(DocumentRow.source)
            if after is not None:
                query = query.where(DocumentRow.source > after)
            found = session.execute(query.limit(limit)).all()
        return pending + [
            DocumentSummary(
                document.id,
                document.source,
                version.title,
                "ready",
                version.version,
                version.num_chunks,
                None,
                version.created_at,
            )
            for document, version in found
        ]

    def sources(self, collection: str) -> list[str]:
        """List where the collection's documents came from, sorted.

        Raises:
            NotFoundError: no such collection.
        """
        with self._database.read() as session:
            row = self._collection(session, collection)
            query = select(DocumentRow.source).where(DocumentRow.collection_id == row.id)
            return list(session.scalars(query.order_by(DocumentRow.source)))

    def bases(self, collection: str) -> tuple[dict[str, str | None], dict[str, str | None]]:
        """Give documents, and files that wait or failed: their sources, and the folder of relative ones.

        Raises:
            NotFoundError: no such collection.
        """
        with self._database.read() as session:
            row = self._collection(session, collection)
            query = select(DocumentRow.source, DocumentRow.base).where(DocumentRow.collection_id == row.id)
            documents = {source: base for source, base in session.execute(query)}
            return documents, pending_bases(session, row)

    def names(self, collection: str) -> Iterator[StoredName]:
        """Give what the collection's documents go by, by source, without reading a text.

        Raises:
            NotFoundError: no such collection.
        """
        for document, version in self._by_source(collection, size=_NAMES):
            metadata = attributes_of(version.attributes)
            yield StoredName(document.id, document.source, version.title, metadata)

    def texts(self, collection: str) -> Iterator[StoredText]:
        """Give the collection's documents by source, read a page at a time.

        Raises:
            NotFoundError: no such collection.
        """
        for document, version in self._by_source(collection, undefer(VersionRow.text), size=_PAGE):
            metadata = attributes_of(version.attributes)
            yield StoredText(
                document.id, version.version, document.source, version.title, version.text, metadata
            )

    def document(self, document_id: str, *, version: int | None = None) -> StoredDocument:
        """Give a document with its text, layout and chunks; as it is now, or as it was in a version.

        Chunks are those that are searched: earlier versions have none.

        Raises:
            NotFoundError: no such document, or no such version of it.
        """
        query = past_versions(self._access).where(DocumentRow.id == document_id)
        query = query.where(VersionRow.version == (DocumentRow.version if version is None else version))
        query = query.options(undefer(VersionRow.text), undefer(VersionRow.layout))
        with self._database.read() as session:
            found = session.execute(query).one_or_none()
            if found is None:
                which = "" if version is None else f" with a version {version}"
                raise NotFoundError(
                    f"no document {document_id!r}{which}; `rag documents` lists what there is"
                )
            document, content = found
            collection = session.get_one(CollectionRow, document.collection_id)
            chunks = session.scalars(
                select(ChunkRow).where(ChunkRow.version_id == content.id).order_by(ChunkRow.ordinal)
            )
            return StoredDocument(
                document.id,
                content.version,
                collection.name,
                document.source,
                content.title,
                content.text,
                decode_layout(content.layout),
                attributes_of(content.attributes),
                [StoredChunk(chunk.id, chunk.start, chunk.end, chunk.page) for chunk in chunks],
                "ready",
                content.created_at,
            )

    def passages(self, hits: Sequence[Hit]) -> list[Passage]:
        """Give the hits' texts and places, in their order; a hit deleted in between is left out."""
        wanted = {"tenant": self._tenant, "chunk_ids": [hit.chunk_id for hit in hits]}
        with self._database.connection() as connection:
            found = {row.id: row for row in connection.execute(self._find_passages, wanted)}
        passages = []
        for hit in hits:
            if (row := found.get(hit.chunk_id)) is not None:
                passages.append(Passage(*row[:8], hit.score, row.text, tuple(row.heading)))
        return passages

    def locate(
        self, document_id: str, version: int, start: int, end: int
    ) -> tuple[int | None, tuple[Box, ...]]:
        """Give the page and the boxes of a span of a document version; (None, ()) without pages."""
        layout = self._layout(document_id, version)
        return layout.page_at(start), layout.boxes_in(start, end)

    def _read_layout(self, document_id: str, version: int) -> Layout:
        query = (
            select(VersionRow.layout)
            .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
            .join(CollectionRow, CollectionRow.id == DocumentRow.collection_id)
            .where(VersionRow.document_id == document_id, VersionRow.version == version)
            .where(within_reach(self._access))
        )
        with self._database.read() as session:
            packed = session.scalar(query)
        return decode_layout(packed or b"")

    def _by_source(
        self, collection: str, *options: ORMOption, size: int
    ) -> Iterator[Row[DocumentRow, VersionRow]]:
        after: str | None = ""
        while after is not None:
            with self._database.read() as session:
                row = self._collection(session, collection)
                query = current_versions(self._access).options(*options).order_by(DocumentRow.source)
                query = query.where(DocumentRow.collection_id == row.id, DocumentRow.source > after)
                page = session.execute(query.limit(size)).all()
            yield from page
            after = page[-1][0].source if len(page) == size else None

    def _collection(self, session: Session, name: str) -> CollectionRow:
        row = session.scalar(
            select(CollectionRow).where(within_reach(self._access), CollectionRow.name == name)
        )
        if row is None:
            names = ", ".join(session.scalars(select(CollectionRow.name).where(within_reach(self._access))))
            raise NotFoundError(
                f"no collection {name!r}; there is: {names or 'none yet; `rag ingest` makes one'}"
            )
        return row
