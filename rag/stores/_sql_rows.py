"""The tables of the PostgreSQL store, what is inserted, and the nearest rows by an index of HNSW."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from rag.core.errors import InvalidInputError, SegmentGoneError
from rag.core.types import Hit, Row, Segment, Vector
from rag.scoring.words import analyze
from rag.stores._sql_words import tsvector

_MAX_SCAN_ROWS = 200_000
_MAX_EF_SEARCH = 1000  # pgvector's own limit
_MAX_HALVES = 4000  # of an indexed vector, pgvector's own limit
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
ALTER TABLE segment_rows ADD COLUMN IF NOT EXISTS tokens bytea;
ALTER TABLE segment_rows ADD COLUMN IF NOT EXISTS num_tokens integer;
ALTER TABLE segment_rows ADD COLUMN IF NOT EXISTS book text;
ALTER TABLE segment_rows ADD COLUMN IF NOT EXISTS has_whole boolean NOT NULL DEFAULT false;
ALTER TABLE segment_rows ADD COLUMN IF NOT EXISTS section integer;
ALTER TABLE segment_rows ADD COLUMN IF NOT EXISTS section_vector halfvec;
CREATE INDEX IF NOT EXISTS ix_segment_rows_words ON segment_rows USING gin (words);
CREATE TABLE IF NOT EXISTS segment_codebooks (
    segment_id text NOT NULL,
    book text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (segment_id, book)
);
CREATE INDEX IF NOT EXISTS ix_segment_rows_section ON segment_rows (version_id, section)
    WHERE section IS NOT NULL;
CREATE INDEX IF NOT EXISTS ix_segment_rows_chunk_id ON segment_rows (chunk_id)
"""
INSERT = """
INSERT INTO segment_rows (
    segment_id, ordinal, chunk_id, version_id, attributes, text, words, num_words, vector,
    tokens, num_tokens, book, has_whole, section, section_vector
) VALUES (
    :segment_id, :ordinal, :chunk_id, :version_id, CAST(:attributes AS jsonb), :text,
    CAST(:words AS tsvector), :num_words, CAST(:vector AS halfvec),
    :tokens, :num_tokens, :book, :has_whole,
    :section, CAST(:section_vector AS halfvec)
)
"""
INSERT_BOOK = "INSERT INTO segment_codebooks VALUES (:segment_id, :book, :content) ON CONFLICT DO NOTHING"
ROWS = """
SELECT chunk_id, version_id, text, CAST(vector AS text) AS vector, attributes,
    segment_id, tokens, num_tokens, book, has_whole, section, CAST(section_vector AS text) AS section_vector
FROM segment_rows
WHERE segment_id = :segment AND NOT (version_id = ANY(:dead)) ORDER BY ordinal
"""
_VECTORS = """
SELECT chunk_id, CAST(vector AS text) FROM segment_rows
WHERE chunk_id = ANY(:chunks) AND segment_id = ANY(:segments)
"""
DROP = """
WITH dropped AS (
    DELETE FROM segment_rows
    WHERE NOT (segment_id = ANY(:keep)) AND (:is_all OR segment_id = ANY(:segments)) RETURNING segment_id
)
SELECT DISTINCT segment_id FROM dropped
"""
_GONE = """
SELECT id FROM unnest(CAST(:full AS text[])) AS asked (id)
WHERE NOT EXISTS (SELECT FROM segment_rows WHERE segment_id = id)
"""
_DISTANCE = "CAST({column} AS halfvec({dim})) <#> CAST(:query AS halfvec({dim}))"
_NEAREST = f"""
SELECT {{wanted}}, -({_DISTANCE}) AS score
FROM segment_rows
WHERE vector_dims({{column}}) = {{dim}} AND {{visible}}
ORDER BY {_DISTANCE}, chunk_id
LIMIT :k
"""  # noqa: S608 - no value in it
# The index holds one bit a dimension; what it finds is ranked by the vectors themselves.
_NEAREST_BY_BITS = f"""
WITH candidates AS MATERIALIZED (
    SELECT chunk_id, vector FROM segment_rows
    WHERE vector_dims(vector) = {{dim}} AND {{visible}}
    ORDER BY CAST(binary_quantize(CAST(vector AS halfvec({{dim}}))) AS bit({{dim}}))
        <~> binary_quantize(CAST(:query AS halfvec({{dim}})))
    LIMIT :candidates
)
SELECT chunk_id, -({_DISTANCE}) AS score FROM candidates ORDER BY {_DISTANCE}, chunk_id LIMIT :k
"""  # noqa: S608 - no value in it


def make_missing(session: Session, indexes: Sequence[str]) -> None:
    """Make the tables and indexes that are not there; each takes a lock that waits for writers."""
    statements = [statement for statement in indexes if statement]
    if not _is_there(session, "segment_codebooks"):
        statements = [*_SCHEMA.split(";"), *statements]
    for statement in statements:
        is_index = statement in indexes
        if not (is_index and _is_there(session, statement.split(" IF NOT EXISTS ")[1].split()[0])):
            session.execute(text(statement))


def _is_there(session: Session, name: str) -> bool:
    return session.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None


def hnsw(column: str, dim: int) -> str:
    """Give the statement that indexes the vectors of a column and dimension.

    Raises:
        InvalidInputError: more dimensions than pgvector indexes.
    """
    if dim > _MAX_HALVES:
        raise InvalidInputError(
            f"pgvector indexes vectors of at most {_MAX_HALVES} numbers, got {dim}; choose an encoder with"
            ' fewer, or, for dense vectors, GROVE_STORE=\'{"kind": "pgvector", "options": {"quantization":'
            ' "binary"}}\''
        )
    return (
        f"CREATE INDEX IF NOT EXISTS ix_segment_rows_{column}_{dim} ON segment_rows"
        f" USING hnsw (CAST({column} AS halfvec({dim})) halfvec_ip_ops) WHERE vector_dims({column}) = {dim}"
    )


def hnsw_of_bits(dim: int) -> str:
    """Give the statement that indexes one bit for each dimension of the dense vectors."""
    return (
        f"CREATE INDEX IF NOT EXISTS ix_segment_rows_bits_{dim} ON segment_rows"
        f" USING hnsw (CAST(binary_quantize(CAST(vector AS halfvec({dim}))) AS bit({dim})) bit_hamming_ops)"
        f" WHERE vector_dims(vector) = {dim}"
    )


def nearest(
    session: Session, query: Vector, visible: str, parameters: dict[str, Any], *, candidates: int | None
) -> list[Hit]:
    """Give the rows with the largest inner products, through so many candidates by bits if that is set."""
    asked = {**parameters, "query": literal(query)}
    if candidates is None:
        scan(session, parameters["k"])
        wanted = _NEAREST.format(wanted="chunk_id", column="vector", dim=len(query), visible=visible)
        return [Hit(*row) for row in session.execute(text(wanted), asked)]
    scan(session, candidates)
    by_bits = text(_NEAREST_BY_BITS.format(column="vector", dim=len(query), visible=visible))
    return [Hit(*row) for row in session.execute(by_bits, {**asked, "candidates": candidates})]


def row_columns(row: Row) -> Mapping[str, object]:
    words = analyze(row.text)
    return {
        "chunk_id": row.chunk_id,
        "version_id": row.version_id,
        "attributes": json.dumps(dict(row.attributes)),
        "text": row.text,
        "words": tsvector(words),
        "num_words": len(words),
        "vector": literal(row.vector),
    }


def vectors_of(
    session: Session, chunk_ids: Sequence[str], segments: Sequence[Segment]
) -> dict[str, Vector]:
    """Give the vectors of those of the chunks that are in these segments."""
    parameters = {"chunks": list(chunk_ids), "segments": [segment.segment_id for segment in segments]}
    found = session.execute(text(_VECTORS), parameters)
    return {chunk_id: np.array(json.loads(vector), dtype=np.float32) for chunk_id, vector in found}


def literal(vector: Vector) -> str:
    """Give a vector as pgvector reads it."""
    return "[" + ",".join(f"{value:.7g}" for value in vector.tolist()) + "]"


def look_at_each(session: Session) -> None:
    """Keep this transaction from HNSW, whose graph does not reach every row; few rows take no time."""
    session.execute(text("SET LOCAL enable_indexscan = off"))


def scan(session: Session, count: int) -> None:
    """Set how far the next search of this transaction looks through an index, for so many rows."""
    session.execute(text("SET LOCAL hnsw.iterative_scan = strict_order"))
    session.execute(text(f"SET LOCAL hnsw.max_scan_tuples = {_MAX_SCAN_ROWS}"))
    session.execute(text(f"SET LOCAL hnsw.ef_search = {min(max(100, 2 * count), _MAX_EF_SEARCH)}"))


def refuse_gone(session: Session, segments: Sequence[Segment]) -> None:
    """Raise `SegmentGoneError` when one of the segments is no longer there."""
    full = [segment.segment_id for segment in segments if segment.num_rows]
    if (gone := session.scalar(text(_GONE), {"full": full})) is not None:
        raise SegmentGoneError(
            f"segment {gone} is gone: its collection changed during this search; search again"
        )
