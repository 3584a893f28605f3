"""PostgreSQL with pgvector: vectors and words are rows, committed with the metadata.

Vectors are `halfvec` (16-bit floats) under HNSW with iterative scans, so that a filter never leaves a
search short. Words are found by PostgreSQL's text index; the best candidates are ranked by BM25.

Source: https://github.com/pgvector/pgvector (iterative index scans); BM25 as in rag/stores/memory.py.
"""

import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from rag.core.errors import SegmentGoneError
from rag.core.filters import Filter
from rag.core.protocols import StoreCapabilities, TextQuery, VectorQuery
from rag.core.types import Hit, Row, Segment, Vector
from rag.db.session import Database
from rag.scoring.words import analyze, query_words
from rag.stores._sql_filter import filter_condition

__all__ = ["Pgvector"]

_CANDIDATES = 1000  # rows that PostgreSQL's own ranking hands to BM25
_MAX_SCAN_ROWS = 200_000
_MAX_POSITION = 16_383  # of a tsvector
_MAX_WORD_CHARS = 500

_SCHEMA = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE IF NOT EXISTS segment_rows (
    segment_id text NOT NULL,
    ordinal integer NOT NULL,
    chunk_id text NOT NULL,
    version_id text NOT NULL,
    attributes jsonb NOT NULL,
    text text NOT NULL,
    words tsvector NOT NULL,
    num_words integer NOT NULL,
    vector halfvec NOT NULL,
    PRIMARY KEY (segment_id, ordinal)
);
CREATE INDEX IF NOT EXISTS ix_segment_rows_words ON segment_rows USING gin (words)
"""
_INSERT = """
INSERT INTO segment_rows VALUES (
    :segment_id, :ordinal, :chunk_id, :version_id, CAST(:attributes AS jsonb), :text,
    CAST(:words AS tsvector), :num_words, CAST(:vector AS halfvec)
)
"""
_NEAREST = """
SELECT chunk_id, -(CAST(vector AS halfvec({dim})) <#> CAST(:query AS halfvec({dim}))) AS score
FROM segment_rows
WHERE vector_dims(vector) = {dim} AND {visible}
ORDER BY CAST(vector AS halfvec({dim})) <#> CAST(:query AS halfvec({dim})), chunk_id
LIMIT :k
"""
_GONE = """
SELECT id FROM unnest(CAST(:full AS text[])) AS asked (id)
WHERE NOT EXISTS (SELECT FROM segment_rows WHERE segment_id = id)
"""
_STATISTICS = """
SELECT count(*), coalesce(avg(num_words), 0) FROM segment_rows WHERE segment_id = ANY(:segments)
"""
_FREQUENCIES = """
SELECT asked.word, (
    SELECT count(*) FROM segment_rows
    WHERE segment_id = ANY(:segments) AND words @@ CAST(asked.query AS tsquery)
)
FROM unnest(CAST(:asked_words AS text[]), CAST(:queries AS text[])) AS asked (word, query)
"""
_BM25 = """
WITH candidates AS (
    SELECT chunk_id, words, num_words FROM segment_rows
    WHERE words @@ CAST(:query AS tsquery) AND {visible}
    ORDER BY ts_rank(words, CAST(:query AS tsquery)) DESC LIMIT :candidates
)
SELECT chunk_id, sum(
    asked.idf * cardinality(found.positions) * 2.2
    / (cardinality(found.positions) + 1.2 * (0.25 + 0.75 * num_words / :mean_words))
) AS score
FROM candidates
CROSS JOIN LATERAL unnest(words) AS found (word, positions, weights)
JOIN unnest(CAST(:asked_words AS text[]), CAST(:idfs AS float8[])) AS asked (word, idf) USING (word)
GROUP BY chunk_id
ORDER BY score DESC, chunk_id
LIMIT :k
"""


class Pgvector:
    """Keep rows in one table of the database that has the metadata."""

    def __init__(self, database: Database) -> None:
        if not database.is_postgresql:
            raise ValueError("it needs PostgreSQL: set GROVE_DATABASE_URL=postgresql+psycopg://...")
        self._database = database
        self._prepared: set[int] = set()

    @property
    def capabilities(self) -> StoreCapabilities:
        """Say what this store can do."""
        return StoreCapabilities(is_exact=False, is_transactional=True, is_durable=True)

    def stage(self, rows: Sequence[Row], *, session: Session) -> Segment:
        """Insert a segment in the caller's transaction."""
        segment = Segment(uuid.uuid4().hex, len(rows))
        if rows:
            self._prepare(len(rows[0].vector))
            session.execute(
                text(_INSERT), [_columns(segment, number, row) for number, row in enumerate(rows)]
            )
        return segment

    def search(
        self, query: VectorQuery | TextQuery, segments: Sequence[Segment], *, filter: Filter | None, k: int
    ) -> list[Hit]:
        """Search all segments at once; segments, deletions and filter are part of the query."""
        if not segments:
            return []
        self._prepare(len(query.vector) if isinstance(query, VectorQuery) else 0)
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
            if isinstance(query, VectorQuery):
                return _nearest(session, query.vector, visible, parameters)
            return _best_words(session, query_words(query.text), visible, parameters)

    def rows(self, segment: Segment, *, session: Session) -> Iterator[Row]:
        """Read the live rows back; vectors as 16-bit floats keep them."""
        query = text(
            "SELECT chunk_id, version_id, text, CAST(vector AS text), attributes FROM segment_rows"
            " WHERE segment_id = :segment AND NOT (version_id = ANY(:dead)) ORDER BY ordinal"
        )
        found = session.execute(query, {"segment": segment.segment_id, "dead": list(segment.dead)})
        for chunk_id, version_id, content, vector, attributes in found:
            yield Row(
                chunk_id,
                version_id,
                content,
                np.array(json.loads(vector), dtype=np.float32),
                {
                    name: tuple(value) if isinstance(value, list) else value
                    for name, value in attributes.items()
                },
            )

    def drop(
        self, segment_ids: Sequence[str] | None, *, keep: Sequence[str], session: Session
    ) -> list[str]:
        """Delete rows in the caller's transaction; what others have not committed is not seen."""
        self._prepare(0)
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
        return list(session.scalars(query, parameters))

    def _prepare(self, dim: int) -> None:
        """Make the table, and the index of a dimension, once for each process."""
        if dim in self._prepared:
            return
        with self._database.write() as session:
            self._database.lock(session, "segment_rows")
            for statement in _SCHEMA.split(";"):
                session.execute(text(statement))
            if dim:
                session.execute(text(_hnsw(dim)))
        self._prepared.add(dim)


def _hnsw(dim: int) -> str:
    return (
        f"CREATE INDEX IF NOT EXISTS ix_segment_rows_vector_{dim} ON segment_rows"
        f" USING hnsw (CAST(vector AS halfvec({dim})) halfvec_ip_ops) WHERE vector_dims(vector) = {dim}"
    )


def _columns(segment: Segment, ordinal: int, row: Row) -> Mapping[str, object]:
    words = analyze(row.text)
    return {
        "segment_id": segment.segment_id,
        "ordinal": ordinal,
        "chunk_id": row.chunk_id,
        "version_id": row.version_id,
        "attributes": json.dumps(dict(row.attributes)),
        "text": row.text,
        "words": _tsvector(words),
        "num_words": len(words),
        "vector": _literal(row.vector),
    }


def _refuse_gone(session: Session, segments: Sequence[Segment]) -> None:
    full = [segment.segment_id for segment in segments if segment.num_rows]
    if (gone := session.scalar(text(_GONE), {"full": full})) is not None:
        raise SegmentGoneError(
            f"segment {gone} is gone: its collection changed during this search; search again"
        )


def _nearest(session: Session, vector: Vector, visible: str, parameters: dict[str, Any]) -> list[Hit]:
    session.execute(text("SET LOCAL hnsw.iterative_scan = strict_order"))
    session.execute(text(f"SET LOCAL hnsw.max_scan_tuples = {_MAX_SCAN_ROWS}"))
    session.execute(text(f"SET LOCAL hnsw.ef_search = {min(max(100, 2 * parameters['k']), 1000)}"))
    query = text(_NEAREST.format(dim=len(vector), visible=visible))
    return [Hit(*row) for row in session.execute(query, {**parameters, "query": _literal(vector)})]


def _best_words(
    session: Session, words: Sequence[str], visible: str, parameters: dict[str, Any]
) -> list[Hit]:
    words = [word for word in words if len(word) <= _MAX_WORD_CHARS]
    num_rows, mean_words = session.execute(text(_STATISTICS), parameters).one()
    if not words or not num_rows:
        return []
    asked = {"asked_words": words, "queries": [_quoted(word) for word in words]}
    counted = session.execute(text(_FREQUENCIES), {**parameters, **asked}).all()
    counts: dict[str, int] = {word: count for word, count in counted}
    idfs = [math.log(1 + (num_rows - counts[word] + 0.5) / (counts[word] + 0.5)) for word in words]
    found = session.execute(
        text(_BM25.format(visible=visible)),
        {
            **parameters,
            "query": " | ".join(asked["queries"]),
            "candidates": max(_CANDIDATES, parameters["k"]),
            "mean_words": float(mean_words) or 1.0,
            "asked_words": words,
            "idfs": idfs,
        },
    )
    return [Hit(*row) for row in found]


def _tsvector(words: Sequence[str]) -> str:
    positions: dict[str, list[int]] = {}
    for position, word in enumerate(words, 1):
        if len(word) <= _MAX_WORD_CHARS:
            positions.setdefault(word, []).append(min(position, _MAX_POSITION))
    return " ".join(f"{_quoted(word)}:{','.join(map(str, places))}" for word, places in positions.items())


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _literal(vector: Vector) -> str:
    return "[" + ",".join(f"{value:.7g}" for value in vector.tolist()) + "]"
