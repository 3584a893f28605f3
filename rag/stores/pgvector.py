"""PostgreSQL with pgvector: vectors and words are rows, committed with the metadata.

Vectors are `halfvec` (16-bit floats) under HNSW with iterative scans, so that a filter never leaves a
search short; or one bit a dimension is indexed, and what that finds is ranked by the vectors. Token vectors
are found by their fixed-dimensional encodings, also `halfvec` under HNSW, and ranked by MaxSim of their
codes. Words: _sql_words.py.

Source: https://github.com/pgvector/pgvector (iterative index scans, binary quantization).
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from rag.core.errors import SegmentGoneError
from rag.core.filters import Filter
from rag.core.protocols import Query, StoreCapabilities, TextQuery, TokenQuery, VectorQuery
from rag.core.types import Codebook, Hit, Row, Segment, TokenCodes, Vector
from rag.db.session import Database
from rag.scoring.fde import Fde, FdeShape
from rag.scoring.words import analyze, query_words
from rag.stores._ordered import in_order
from rag.stores._sql_filter import filter_condition
from rag.stores._sql_rows import (
    INSERT,
    INSERT_BOOK,
    ROWS,
    SCHEMA,
    VECTORS,
    hnsw,
    hnsw_of_bits,
    literal,
    nearest,
    token_candidates,
)
from rag.stores._sql_words import best_words, tsvector
from rag.stores._tokens import (
    FLOATS,
    NO_TOKENS,
    Packed,
    book_bytes,
    book_of_bytes,
    exact_scores,
    floats_of,
    unpacked,
)

__all__ = ["Pgvector"]

_FDE = FdeShape(num_repetitions=20, num_bits=4, block_dim=8)  # 2560 dimensions; HNSW takes up to 4000
_MIN_BIT_CANDIDATES = 200
_GONE = """
SELECT id FROM unnest(CAST(:full AS text[])) AS asked (id)
WHERE NOT EXISTS (SELECT FROM segment_rows WHERE segment_id = id)
"""


class Pgvector:
    """Keep rows in one table of the database that has the metadata."""

    def __init__(self, database: Database, quantization: str = "none", num_candidates: int = 1000) -> None:
        if not database.is_postgresql:
            raise ValueError("it needs PostgreSQL: set GROVE_DATABASE_URL=postgresql+psycopg://...")
        if quantization not in ("none", "binary"):
            raise ValueError(f"quantization is none or binary, got {quantization!r}")
        self._database = database
        self._is_binary = quantization == "binary"
        self._num_candidates = num_candidates
        self._prepared: set[str] = set()
        self._fde = lru_cache(maxsize=4)(_fde)
        self._book = lru_cache(maxsize=256)(self._read_book)

    @property
    def capabilities(self) -> StoreCapabilities:
        """Say what this store can do."""
        return StoreCapabilities(is_exact=False, is_transactional=True, is_durable=True)

    def stage(self, rows: Sequence[Row], *, session: Session) -> Segment:
        """Insert a segment in the caller's transaction."""
        segment = Segment(uuid.uuid4().hex, len(rows))
        if rows:
            self._prepare(self._indexes(len(rows[0].vector)))
            packed = Packed.of(rows)
            names = [hashlib.sha256(book_bytes(book)).hexdigest() for book in packed.codebooks]
            books = [
                {"segment_id": segment.segment_id, "book": name, "content": book_bytes(book)}
                for name, book in zip(names, packed.codebooks, strict=True)
            ]
            if books:
                session.execute(text(INSERT_BOOK), books)
            session.execute(
                text(INSERT),
                [
                    {**_columns(segment, number, row), **self._token_columns(packed, names, number)}
                    for number, row in enumerate(rows)
                ],
            )
        return segment

    def search(
        self, query: Query, segments: Sequence[Segment], *, filter: Filter | None, k: int
    ) -> list[Hit]:
        """Search all segments at once; segments, deletions and filter are part of the query."""
        if not segments:
            return []
        self._prepare(self._indexes(len(query.vector)) if isinstance(query, VectorQuery) else [])
        parameters: dict[str, object] = {
            "segments": [segment.segment_id for segment in segments],
            "dead": [version_id for segment in segments for version_id in segment.dead],
        }
        visible = "segment_id = ANY(:segments) AND NOT (version_id = ANY(:dead))"
        if filter is not None:
            visible += f" AND {filter_condition(filter, parameters)}"
        parameters["k"] = k
        with self._database.read() as session:  # sees one instant: what is there stays there
            _refuse_gone(session, segments)
            match query:
                case VectorQuery():
                    candidates = max(_MIN_BIT_CANDIDATES, 10 * k) if self._is_binary else None
                    return nearest(session, query.vector, visible, parameters, candidates=candidates)
                case TokenQuery():
                    return self._best_tokens(session, query.vectors, visible, parameters)
                case TextQuery():
                    return best_words(session, query_words(query.text), visible, parameters)

    def _best_tokens(
        self, session: Session, query: Vector, visible: str, parameters: dict[str, Any]
    ) -> list[Hit]:
        """Find candidates by their encodings, then rank them by MaxSim."""
        fde = self._fde(query.shape[1]).query(query)
        self._prepare([hnsw("fde", len(fde))])
        count = max(self._num_candidates, 2 * parameters["k"])
        found = token_candidates(session, fde, visible, parameters, count=count)
        if not found:
            return []
        passages = [self._tokens(session, row) for row in found]
        scores = exact_scores(query, passages).tolist()
        hits = [Hit(row.chunk_id, score) for row, score in zip(found, scores, strict=True)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[: parameters["k"]]

    def _tokens(self, session: Session, row: Any) -> Vector | TokenCodes:  # Any: a row of the database
        part = np.frombuffer(row.tokens, dtype=np.uint8).reshape(row.num_tokens, -1)
        if row.book is None:
            return unpacked(part, None)
        return unpacked(part, self._book(row.book, row.segment_id))

    def _read_book(self, name: str, segment_id: str) -> Codebook:
        """Read a codebook; it never changes, so that a transaction of its own sees the same."""
        query = text("SELECT content FROM segment_codebooks WHERE segment_id = :segment AND book = :book")
        with self._database.read() as session:
            content = session.scalar(query, {"segment": segment_id, "book": name})
        if content is None:
            raise SegmentGoneError(f"segment {segment_id} is gone; search again")
        return book_of_bytes(content)

    def _token_columns(self, packed: Packed, names: Sequence[str], row: int) -> dict[str, object]:
        number = int(packed.book_of[row])
        if number == NO_TOKENS:
            return {"tokens": None, "num_tokens": None, "book": None, "fde": None}
        part = packed.parts[row]
        # Of what is kept, not of what came: rows that are written anew get the same encoding.
        kept = floats_of(unpacked(part, None if number == FLOATS else packed.codebooks[number]))
        fde = self._fde(kept.shape[1]).passages(kept, np.array([0, len(kept)]))[0]
        return {
            "tokens": part.tobytes(),
            "num_tokens": len(part),
            "book": None if number == FLOATS else names[number],
            "fde": literal(fde),
        }

    def rows(self, segment: Segment, *, session: Session) -> Iterator[Row]:
        """Read the live rows back; vectors as 16-bit floats keep them."""
        query = text(ROWS)
        found = session.execute(query, {"segment": segment.segment_id, "dead": list(segment.dead)})
        books: dict[str, Codebook] = {}
        for row in found:
            tokens: Vector | TokenCodes | None = None
            if row.tokens is not None:
                if row.book is not None and row.book not in books:
                    books[row.book] = self._book(row.book, segment.segment_id)
                part = np.frombuffer(row.tokens, dtype=np.uint8).reshape(row.num_tokens, -1)
                tokens = unpacked(part, books.get(row.book))
            yield Row(
                row.chunk_id,
                row.version_id,
                row.text,
                np.array(json.loads(row.vector), dtype=np.float32),
                {
                    name: tuple(value) if isinstance(value, list) else value
                    for name, value in row.attributes.items()
                },
                tokens,
            )

    def vectors(self, chunk_ids: Sequence[str], segments: Sequence[Segment]) -> Vector:
        """Give the vectors of chunks, as 16-bit floats keep them."""
        parameters = {"chunks": list(chunk_ids), "segments": [segment.segment_id for segment in segments]}
        with self._database.read() as session:
            found = session.execute(text(VECTORS), parameters).all()
        return in_order(
            chunk_ids, {chunk_id: np.array(json.loads(vector), np.float32) for chunk_id, vector in found}
        )

    def drop(
        self, segment_ids: Sequence[str] | None, *, keep: Sequence[str], session: Session
    ) -> list[str]:
        """Delete rows in the caller's transaction; what others have not committed is not seen."""
        self._prepare([])
        query = text(
            "WITH dropped AS (DELETE FROM segment_rows WHERE NOT (segment_id = ANY(:keep))"
            " AND (:is_all OR segment_id = ANY(:segments)) RETURNING segment_id)"
            " SELECT DISTINCT segment_id FROM dropped"
        )
        parameters = {
            "keep": list(keep),
            "is_all": segment_ids is None,
            "segments": list(segment_ids or ()),
        }
        dropped = list(session.scalars(query, parameters))
        session.execute(
            text("DELETE FROM segment_codebooks WHERE segment_id = ANY(:dropped)"), {"dropped": dropped}
        )
        return dropped

    def _indexes(self, dim: int) -> list[str]:
        return [hnsw_of_bits(dim) if self._is_binary else hnsw("vector", dim)]

    def _prepare(self, indexes: Sequence[str]) -> None:
        """Make the tables, and indexes, once for each process."""
        wanted = [statement for statement in ("", *indexes) if statement not in self._prepared]
        if not wanted:
            return
        with self._database.write() as session:
            self._database.lock(session, "segment_rows")
            for statement in (*SCHEMA.split(";"), *filter(None, wanted)):
                session.execute(text(statement))
        self._prepared.update(wanted)


def _fde(dim: int) -> Fde:
    return Fde(dim, replace(_FDE, block_dim=min(_FDE.block_dim, dim)))


def _columns(segment: Segment, ordinal: int, row: Row) -> Mapping[str, object]:
    words = analyze(row.text)
    return {
        "segment_id": segment.segment_id,
        "ordinal": ordinal,
        "chunk_id": row.chunk_id,
        "version_id": row.version_id,
        "attributes": json.dumps(dict(row.attributes)),
        "text": row.text,
        "words": tsvector(words),
        "num_words": len(words),
        "vector": literal(row.vector),
    }


def _refuse_gone(session: Session, segments: Sequence[Segment]) -> None:
    full = [segment.segment_id for segment in segments if segment.num_rows]
    if (gone := session.scalar(text(_GONE), {"full": full})) is not None:
        raise SegmentGoneError(
            f"segment {gone} is gone: its collection changed during this search; search again"
        )
