"""Export and import: a tenant's library as one file, the same for every database and store.

What is exported is what can be found, the text of former versions, and the runs; not the queue of jobs,
whose files are elsewhere. An import is one transaction: all of it, or nothing.
"""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, LargeBinary, Table, insert, select
from sqlalchemy.exc import CompileError, IntegrityError, NoResultFound
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import ConflictError, SegmentGoneError
from rag.core.protocols import Store
from rag.core.row_bytes import book_bytes, book_of_bytes, bytes_of_rows, rows_of_bytes
from rag.core.types import Codebook, Row, Segment, TokenCodes
from rag.db._archive_file import ArchiveReader, ArchiveWriter, reading, writing
from rag.db._segments import SEGMENTS, dead_versions, name_segment
from rag.db.session import Database
from rag.db.tables import (
    Base,
    ChunkRow,
    CollectionRow,
    DocumentRow,
    EventRow,
    IndexRow,
    RunRow,
    SegmentRow,
    UtcTime,
    VersionRow,
)

__all__ = ["Archive", "ArchiveCounts"]

_TABLES: tuple[type[Base], ...] = (
    CollectionRow,
    IndexRow,
    DocumentRow,
    VersionRow,
    ChunkRow,
    RunRow,
    EventRow,
)
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
    settings: Mapping[str, object]  # of the installation that exported it


class Archive:
    """Exports and imports of one tenant."""

    def __init__(self, database: Database, store: Store, access: Access) -> None:
        self._database = database
        self._store = store
        self._tenant = access.tenant

    def export(self, path: Path, *, settings: Mapping[str, object], on_rows: OnRows) -> ArchiveCounts:
        """Write everything into a new file.

        Raises:
            InvalidInputError: the file exists, or cannot be written.
            SegmentGoneError: segments were merged under every attempt.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with writing(path) as archive, self._database.read() as session:
                    return self._export(session, archive, settings, on_rows)
            except SegmentGoneError:
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def restore(self, path: Path, *, on_rows: OnRows) -> ArchiveCounts:
        """Take in what `export` wrote; collections of the same name must not exist.

        Raises:
            InvalidInputError: no such file, not an archive, or damaged.
            ConflictError: a collection of it exists already.
        """
        staged: list[str] = []
        with reading(path) as archive:
            manifest = archive.manifest
            try:
                with self._database.write() as session:
                    self._database.lock(session, SEGMENTS, shared=True)
                    self._refuse_present(session, manifest["collections"])
                    self._restore(session, archive, staged, on_rows)
            except BaseException as error:
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
        self, session: Session, archive: ArchiveWriter, settings: Mapping[str, object], on_rows: OnRows
    ) -> ArchiveCounts:
        counts: Counter[str] = Counter()
        for kind in _TABLES:
            table = _table(kind)
            rows = session.execute(
                select(table).where(*self._exported(table)), execution_options={"yield_per": _ROWS_AT_ONCE}
            )
            lines = _lines(dict(row._mapping) for row in rows)
            archive.add_pieces(f"tables/{table.name}.jsonl", _counted(lines, counts, table.name))
        names = list(
            session.scalars(select(CollectionRow.name).where(CollectionRow.tenant == self._tenant))
        )
        segments = session.execute(self._segments()).all()
        total, done = sum(num_rows for _, _, num_rows in segments), 0
        books: set[str] = set()
        for number, (segment_id, index_id, num_rows) in enumerate(segments):
            segment = Segment(segment_id, num_rows, dead_versions(session, [segment_id]))
            archive.add(f"segments/{number:06}/index", index_id.encode())
            rows_of = self._store.rows(segment, session=session)
            for part, some in enumerate(_batches(rows_of)):
                _add_rows(archive, f"segments/{number:06}/rows{part:06}.npz", some, books)
                on_rows(done := done + len(some), total)
        manifest = {
            "collections": names,
            "documents": counts["documents"],
            "chunks": counts["chunks"],
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
        present: set[str] = set()  # runs outlive their collections: those that are still here stay
        for kind in _TABLES:
            table = _table(kind)
            for some in _batches(archive.lines(f"tables/{table.name}.jsonl")):
                if kind is RunRow:
                    present |= self._present_runs(session, [line["id"] for line in some])
                lines = [line for line in some if line.get("run_id", line.get("id")) not in present]
                if lines:
                    session.execute(insert(table), [self._values(table, line) for line in lines])
        total, done = archive.manifest["chunks"], 0

        def tell(count: int) -> None:
            nonlocal done
            on_rows(done := done + count, total)

        for folder in sorted({name.rpartition("/")[0] for name in archive.names("segments/")}):
            index = session.get_one(IndexRow, archive.content(f"{folder}/index").decode())
            counts: Counter[str] = Counter()
            segment = self._store.stage(_rows(archive, folder, counts, tell), session=session)
            staged.append(segment.segment_id)
            name_segment(session, index, segment, counts)

    def _present_runs(self, session: Session, run_ids: Sequence[str]) -> set[str]:
        return set(
            session.scalars(select(RunRow.id).where(RunRow.tenant == self._tenant, RunRow.id.in_(run_ids)))
        )

    def _values(self, table: Table, line: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON
        values = {name: _decoded(table, name, value) for name, value in line.items()}
        return {**values, "tenant": self._tenant}


def _table(kind: type[Base]) -> Table:
    table = kind.__table__
    assert isinstance(table, Table)
    return table


def _counts(manifest: Mapping[str, Any]) -> ArchiveCounts:  # Any: JSON
    return ArchiveCounts(
        len(manifest["collections"]), manifest["documents"], manifest["chunks"], manifest["settings"]
    )


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:  # Any: values of columns
    for row in rows:
        values = {name: _encoded(value) for name, value in row.items() if name != "tenant"}
        yield json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _counted(lines: Iterable[bytes], counts: Counter[str], name: str) -> Iterator[bytes]:
    for line in lines:
        counts[name] += 1
        yield line


def _encoded(value: Any) -> Any:  # Any: a value of a column -> JSON
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _decoded(table: Table, name: str, value: Any) -> Any:  # Any: JSON -> a value of a column
    kind = table.c[name].type
    if value is None:
        return None
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    return datetime.fromisoformat(value) if isinstance(kind, UtcTime) else value


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
