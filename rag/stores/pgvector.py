"""PostgreSQL with pgvector: vectors and words are rows, committed with the metadata.

Vectors are `halfvec` (16-bit floats) under HNSW with iterative scans, so that a filter never leaves a
search short; or one bit a dimension is indexed, and what that finds is ranked by the vectors. Token vectors
are floats in small segments, else codes (_sql_tokens.py); batches of a segment share a codebook while it
fits. Words: _sql_words.py.

Source: https://github.com/pgvector/pgvector (iterative index scans, binary quantization).
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from rag.core.filters import Filter
from rag.core.protocols import StoreCapabilities
from rag.core.queries import Query, SectionQuery, TextQuery, TokenQuery, VectorQuery
from rag.core.row_bytes import book_bytes
from rag.core.types import Codebook, Hit, Row, Section, Segment, Vector, attributes_of
from rag.db.session import Database
from rag.scoring.words import query_words
from rag.stores._ordered import in_order
from rag.stores._sql_filter import filter_condition
from rag.stores._sql_rows import (
    DROP,
    INSERT,
    INSERT_BOOK,
    ROWS,
    hnsw,
    hnsw_of_bits,
    look_at_each,
    make_missing,
    nearest,
    refuse_gone,
    row_columns,
    vectors_of,
)
from rag.stores._sql_sections import best_in_sections, section_columns, section_of
from rag.stores._sql_tokens import TokenSearch, books_of, kept_tokens
from rag.stores._sql_words import WordSearch
from rag.stores._tokens import CODED_TOKENS, Packed, bytes_of_tokens

__all__ = ["Pgvector"]

_MIN_BIT_CANDIDATES = 200
_HAS_ROWS = "segment_rows"  # in a session's notes: it has written some
_ROWS_AT_ONCE = 2048
_ENCODED_AT_ONCE = 64
_KNOWN_BOOKS = 4
_TOKEN_COLUMNS = ("tokens", "num_tokens", "book", "has_whole")


class Pgvector:
    """Keep rows in one table of the database that has the metadata."""

    def __init__(
        self,
        database: Database,
        quantization: str = "none",
        num_candidates: int = 160,
        num_probes: int = 16,
        exact_rows: int = 2000,
    ) -> None:
        if not database.is_postgresql:
            raise ValueError("it needs PostgreSQL: set GROVE_DATABASE_URL=postgresql+psycopg://...")
        if quantization not in ("none", "binary"):
            raise ValueError(f"quantization is none or binary, got {quantization!r}")
        self._database = database
        self._is_binary = quantization == "binary"
        self._exact_rows = exact_rows
        self._prepared: set[str] = set()
        self._tokens = TokenSearch(num_candidates=num_candidates, num_probes=num_probes)
        self._words = WordSearch()

    @property
    def capabilities(self) -> StoreCapabilities:
        """Say what this store can do."""
        return StoreCapabilities(is_exact=False, is_transactional=True, is_durable=True)

    def stage(self, rows: Iterable[Row], *, session: Session) -> Segment:
        """Insert a segment in the caller's transaction, some rows at a time."""
        segment_id, count, remaining = uuid.uuid4().hex, 0, iter(rows)
        before: Row | None = None
        books: Sequence[Codebook] = ()
        while some := _next_rows(remaining, num_tokens=0 if books else CODED_TOKENS):
            packed = Packed.of(some, known=books)
            self._insert(segment_id, count, some, packed, section_columns(some, before), session)
            books = [*packed.codebooks, *books][:_KNOWN_BOOKS]
            before, count = some[-1], count + len(some)
        return Segment(segment_id, count)

    def search(
        self, query: Query, segments: Sequence[Segment], *, filter: Filter | None, k: int
    ) -> list[Hit]:
        """Search all segments at once; segments, deletions and filter are part of the query."""
        if not segments:
            return []
        self._prepare(self._indexes_for(query))
        parameters: dict[str, object] = {
            "segments": [segment.segment_id for segment in segments],
            "dead": [version_id for segment in segments for version_id in segment.dead],
        }
        visible = "segment_id = ANY(:segments) AND NOT (version_id = ANY(:dead))"
        if filter is not None:
            visible += f" AND {filter_condition(filter, parameters)}"
        parameters["k"] = k
        with self._database.read() as session:  # sees one instant: what is there stays there
            refuse_gone(session, segments)
            if sum(segment.num_rows for segment in segments) <= self._exact_rows:
                look_at_each(session)
            match query:
                case VectorQuery():
                    candidates = max(_MIN_BIT_CANDIDATES, 10 * k) if self._is_binary else None
                    return nearest(session, query.vector, visible, parameters, candidates=candidates)
                case TokenQuery():
                    of = (query.vectors, segments, visible, parameters, filter)
                    return self._tokens.best(session, *of)
                case SectionQuery():
                    return best_in_sections(session, query, visible, parameters)
                case TextQuery():
                    words = query_words(query.text)
                    return self._words.best(session, words, segments, visible, parameters)

    def _insert(
        self,
        segment_id: str,
        first: int,
        rows: Sequence[Row],
        packed: Packed,
        sections: Sequence[dict[str, object]],
        session: Session,
    ) -> None:
        self._prepare(self._indexes_of(rows), session)
        session.info[_HAS_ROWS] = True
        books = {hashlib.sha256(each).hexdigest(): each for each in map(book_bytes, packed.codebooks)}
        for name, content in books.items():
            session.execute(text(INSERT_BOOK), {"segment_id": segment_id, "book": name, "content": content})
        tokens = self._token_columns(packed, list(books))
        columns = (
            {
                "segment_id": segment_id,
                "ordinal": first + number,
                **row_columns(row),
                **tokens[number],
                **sections[number],
            }
            for number, row in enumerate(rows)
        )
        while some := list(islice(columns, _ROWS_AT_ONCE)):
            session.execute(text(INSERT), some)

    def _token_columns(self, packed: Packed, names: Sequence[str]) -> list[dict[str, object]]:
        columns: list[dict[str, object]] = []
        of_rows = zip(packed.tokens, packed.book_of.tolist(), packed.has_whole.tolist(), strict=True)
        for kept, number, has_whole in of_rows:
            content = (None, None) if kept is None else (bytes_of_tokens(kept), len(kept))
            name = names[number] if number >= 0 else None
            columns.append(dict(zip(_TOKEN_COLUMNS, (*content, name, has_whole), strict=True)))
        return columns

    def rows(self, segment: Segment, *, session: Session) -> Iterator[Row]:
        """Read the live rows back; vectors as 16-bit floats keep them."""
        books = books_of(session, segment.segment_id)
        found = session.execute(
            text(ROWS),
            {"segment": segment.segment_id, "dead": list(segment.dead)},
            execution_options={"yield_per": _ENCODED_AT_ONCE},
        )
        section: Section | None = None
        for row in found:
            section = section_of(row, section)
            yield Row(
                row.chunk_id,
                row.version_id,
                row.text,
                np.array(json.loads(row.vector), dtype=np.float32),
                attributes_of(row.attributes),
                None if row.tokens is None else kept_tokens(row, books),
                section,
                row.has_whole,
            )

    def vectors(self, chunk_ids: Sequence[str], segments: Sequence[Segment]) -> Vector:
        """Give the vectors of chunks, as 16-bit floats keep them."""
        with self._database.read() as session:
            return in_order(chunk_ids, vectors_of(session, chunk_ids, segments))

    def drop(
        self, segment_ids: Sequence[str] | None, *, keep: Sequence[str], session: Session
    ) -> list[str]:
        """Delete rows in the caller's transaction; what others have not committed is not seen."""
        self._prepare([])
        parameters = {
            "keep": list(keep),
            "is_all": segment_ids is None,
            "segments": list(segment_ids or ()),
        }
        dropped = list(session.scalars(text(DROP), parameters))
        session.execute(
            text("DELETE FROM segment_codebooks WHERE segment_id = ANY(:dropped)"), {"dropped": dropped}
        )
        return dropped

    def _indexes_for(self, query: Query) -> list[str]:
        match query:
            case VectorQuery():
                return self._indexes(len(query.vector))
            case SectionQuery():
                return [hnsw("section_vector", len(query.section_vector))]
            case TokenQuery() | TextQuery():
                return []

    def _indexes_of(self, rows: Sequence[Row]) -> list[str]:
        sizes = {len(row.section.vector) for row in rows if row.section is not None}
        return [*self._indexes(len(rows[0].vector)), *(hnsw("section_vector", size) for size in sizes)]

    def _indexes(self, dim: int) -> list[str]:
        return [hnsw_of_bits(dim) if self._is_binary else hnsw("vector", dim)]

    def _prepare(self, indexes: Sequence[str], caller: Session | None = None) -> None:
        """Make the tables, and indexes, once for each process.

        In a transaction of its own, unless the caller's has written rows: an index would wait for those.
        """
        wanted = [statement for statement in ("", *indexes) if statement not in self._prepared]
        if not wanted:
            return
        if caller is not None and _HAS_ROWS in caller.info:
            make_missing(caller, wanted)
            return
        with self._database.write() as session:
            self._database.lock(session, "segment_rows")
            make_missing(session, wanted)
        self._prepared.update(wanted)


def _next_rows(rows: Iterator[Row], *, num_tokens: int) -> list[Row]:
    """Take some rows; of those with token vectors so many that there are `num_tokens`, or all."""
    taken: list[Row] = []
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        taken += some
        found = sum(len(row.tokens) for row in some if row.tokens is not None)
        num_tokens -= found
        if num_tokens <= 0 or not found:
            break
    return taken
