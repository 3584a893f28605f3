"""Export and import: a tenant's library as one file, the same for every database and store.

What is exported is what can be found, the text of former versions, the originals, runs and conversations;
not the queue of jobs, whose files are elsewhere. An import is one transaction: all of it, or nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Table, insert, select
from sqlalchemy.exc import CompileError, IntegrityError, NoResultFound
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import ConflictError, DamagedSegmentError, SegmentGoneError
from rag.core.protocols import Store
from rag.core.row_bytes import book_bytes, book_of_bytes, bytes_of_rows, rows_of_bytes
from rag.core.types import Codebook, Row, Segment, TokenCodes
from rag.db._archive_file import ArchiveReader, ArchiveWriter, reading, writing
from rag.db._archive_tables import LIBRARY, TALK, Present, line_of, table_of, values_of
from rag.db._segments import SEGMENTS, dead_versions, name_segment
from rag.db.originals import Originals
from rag.db.session import Database
from rag.db.tables import CollectionRow, IndexRow, SegmentRow

__all__ = ["PARTS", "Archive", "ArchiveCounts"]

PARTS = ("conversations", "originals")
"""What an export has besides the library itself: questions and conversations, and files as received."""

_ORIGINALS = "originals/"
_ROWS_AT_ONCE = 256
_ATTEMPTS = 3
_Item = TypeVar("_Item")
OnRows = Callable[[int, int], None]
"""Is told how many rows are done, of how many."""


@dataclass(frozen=True, slots=True)
class ArchiveCounts:
    """What an archive holds."""

    collections: int
    documents: int
    chunks: int
    conversations: int
    originals: int
    settings: Mapping[str, object]  # of the installation that exported it


class Archive:
    """Exports and imports of one tenant."""

    def __init__(self, database: Database, store: Store, access: Access, *, originals: Originals) -> None:
        self._database = database
        self._store = store
        self._tenant = access.tenant
        self._originals = originals

    def export(
        self,
        path: Path,
        *,
        settings: Mapping[str, object],
        on_rows: OnRows,
        parts: Collection[str] = PARTS,
    ) -> ArchiveCounts:
        """Write the library and these parts besides into a new file.

        Raises:
            InvalidInputError: the file exists, or cannot be written.
            SegmentGoneError: segments were merged under every attempt.
            DamagedSegmentError: index files are missing.
        """
        former: list[str] = []
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with writing(path) as archive, self._database.read() as session:
                    segment_ids = list(session.scalars(self._segments()))
                    return self._export(session, archive, settings, on_rows, parts)
            except SegmentGoneError as error:
                if segment_ids == former:  # the database still names what was not there before
                    raise DamagedSegmentError(
                        "index files are missing; `rag doctor` names the collections, and `rag reindex`"
                        " writes them anew from what the database holds"
                    ) from error
                if attempt == _ATTEMPTS:
                    raise
                former = segment_ids
        raise AssertionError("the last attempt returns or raises")

    def restore(self, path: Path, *, on_rows: OnRows) -> ArchiveCounts:
        """Take in what `export` wrote; collections of the same name must not exist.

        Raises:
            InvalidInputError: no such file, not an archive, or damaged.
            ConflictError: a collection of it exists already.
        """
        staged: list[str] = []
        kept: list[str] = []
        with reading(path) as archive:
            manifest = archive.manifest
            try:
                with self._database.write() as session:
                    self._database.lock(session, SEGMENTS, shared=True)
                    self._refuse_present(session, manifest["collections"])
                    self._restore(session, archive, staged, on_rows)
                    self._keep(archive, kept)
            except BaseException as error:
                self._originals.erase(kept)
                with self._database.write() as session:
                    self._store.drop(staged, keep=[], session=session)
                if isinstance(error, CompileError | NoResultFound):
                    raise ValueError(f"its tables are not ours: {error}") from error
                if isinstance(error, IntegrityError):
                    raise ConflictError(
                        f"{path} holds what the database has, perhaps for another tenant: {error.orig}"
                    ) from error
                raise
            return _counts(manifest)

    def _export(
        self,
        session: Session,
        archive: ArchiveWriter,
        settings: Mapping[str, object],
        on_rows: OnRows,
        parts: Collection[str],
    ) -> ArchiveCounts:
        counts: Counter[str] = Counter()
        for kind in (*LIBRARY, *(TALK if "conversations" in parts else ())):
            table = table_of(kind)
            rows = session.execute(
                select(table).where(*self._exported(table)), execution_options={"yield_per": _ROWS_AT_ONCE}
            )
            lines = (line_of(dict(row._mapping)) for row in rows)
            archive.add_pieces(f"tables/{table.name}.jsonl", _counted(lines, counts, table.name))
        if "originals" in parts:
            for content_hash, content in self._originals.kept(session):
                archive.add_pieces(f"{_ORIGINALS}{content_hash}", [content])
                counts["originals"] += 1
        names = list(
            session.scalars(select(CollectionRow.name).where(CollectionRow.tenant == self._tenant))
        )
        segments = session.execute(self._segments()).all()
        total, done = sum(num_rows for _, _, num_rows in segments), 0
        books: set[str] = set()
        for number, (segment_id, index_id, num_rows) in enumerate(segments):
            segment = Segment(segment_id, num_rows, dead_versions(session, [segment_id]))
            rows_of = self._store.rows(segment, session=session)
            for part, some in enumerate(_batches(rows_of)):
                if part == 0:  # of a segment whose rows are all dead nothing is written
                    archive.add(f"segments/{number:06}/index", index_id.encode())
                _add_rows(archive, f"segments/{number:06}/rows{part:06}.npz", some, books)
                on_rows(done := done + len(some), total)
        manifest = {
            "collections": names,
            "documents": counts["documents"],
            "chunks": counts["chunks"],
            "conversations": counts["conversations"],
            "originals": counts["originals"],
            "settings": dict(settings),
        }
        archive.finish(manifest)
        return _counts(manifest)

    def _exported(self, table: Table) -> list[ColumnElement[bool]]:
        conditions = [table.c.tenant == self._tenant]
        if table.name == IndexRow.__tablename__:
            conditions.append(table.c.is_serving)
        return conditions

    def _segments(self) -> Any:  # Any: a select of three columns
        return (
            select(SegmentRow.id, SegmentRow.index_id, SegmentRow.num_rows)
            .join(IndexRow, IndexRow.id == SegmentRow.index_id)
            .where(IndexRow.tenant == self._tenant, IndexRow.is_serving)
            .order_by(SegmentRow.id)
        )

    def _refuse_present(self, session: Session, names: list[str]) -> None:
        condition = (CollectionRow.tenant == self._tenant) & CollectionRow.name.in_(names)
        if present := sorted(session.scalars(select(CollectionRow.name).where(condition))):
            raise ConflictError(
                f"there are collections called {', '.join(present)} already; delete them first, or import"
                " into another home"
            )

    def _restore(
        self, session: Session, archive: ArchiveReader, staged: list[str], on_rows: OnRows
    ) -> None:
        present = Present(session, self._tenant)
        for kind in (*LIBRARY, *TALK):
            table = table_of(kind)
            for some in _batches(archive.lines(f"tables/{table.name}.jsonl")):
                if lines := present.new(kind, some):
                    session.execute(insert(table), [values_of(table, line, self._tenant) for line in lines])
        total, done = archive.manifest["chunks"], 0

        def tell(count: int) -> None:
            nonlocal done
            on_rows(done := done + count, total)

        # Former exports name segments without rows, too.
        entries = [name.rpartition("/") for name in archive.names("segments/")]
        for folder in sorted({folder for folder, _, entry in entries if entry.startswith("rows")}):
            index = session.get_one(IndexRow, archive.content(f"{folder}/index").decode())
            counts: Counter[str] = Counter()
            segment = self._store.stage(_rows(archive, folder, counts, tell), session=session)
            staged.append(segment.segment_id)
            name_segment(session, index, segment, counts)

    def _keep(self, archive: ArchiveReader, kept: list[str]) -> None:
        """Keep the originals, as far as their size is allowed here."""
        for name in archive.names(_ORIGINALS):
            content, content_hash = archive.content(name), name.removeprefix(_ORIGINALS)
            if hashlib.sha256(content).hexdigest() != content_hash:
                raise ValueError(f"{name} is not what its name says")
            kept.append(content_hash)
            self._originals.keep(content, content_hash)


def _counts(manifest: Mapping[str, Any]) -> ArchiveCounts:  # Any: JSON
    return ArchiveCounts(
        len(manifest["collections"]),
        manifest["documents"],
        manifest["chunks"],
        manifest.get("conversations", 0),  # the format 1 has neither
        manifest.get("originals", 0),
        manifest["settings"],
    )


def _counted(lines: Iterable[bytes], counts: Counter[str], name: str) -> Iterator[bytes]:
    for line in lines:
        counts[name] += 1
        yield line


def _add_rows(archive: ArchiveWriter, name: str, rows: Sequence[Row], written: set[str]) -> None:
    """Write rows, and before them the codebooks that are not in the archive yet."""
    found = {
        id(row.tokens.codebook): row.tokens.codebook for row in rows if isinstance(row.tokens, TokenCodes)
    }
    names: dict[int, str] = {}
    for key, book in found.items():
        content = book_bytes(book)
        names[key] = f"books/{hashlib.sha256(content).hexdigest()}.npz"
        if names[key] not in written:
            archive.add(names[key], content)
            written.add(names[key])
    archive.add(name, bytes_of_rows(rows, names))


def _rows(
    archive: ArchiveReader, folder: str, counts: Counter[str], on_rows: Callable[[int], None]
) -> Iterator[Row]:
    """Give a segment's rows, and count those of each version."""
    books = _Books(archive)
    for name in archive.names(f"{folder}/rows"):
        rows = rows_of_bytes(archive.content(name), books)
        counts.update(row.version_id for row in rows)
        yield from rows
        on_rows(len(rows))


class _Books(dict[str, Codebook]):
    """Codebooks, read when first asked for."""

    def __init__(self, archive: ArchiveReader) -> None:
        super().__init__()
        self._archive = archive

    def __missing__(self, name: str) -> Codebook:
        self[name] = book_of_bytes(self._archive.content(name))
        return self[name]


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    remaining = iter(items)
    while some := list(islice(remaining, _ROWS_AT_ONCE)):
        yield some
