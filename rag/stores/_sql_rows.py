"""The tables of the PostgreSQL store, what is inserted, and the nearest rows by an index of HNSW."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from rag.core.errors import SegmentGoneError
from rag.core.types import Hit, Segment, Vector

_MAX_SCAN_ROWS = 200_000
_MAX_EF_SEARCH = 1000  # pgvector's own limit
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
ALTER TABLE segment_rows ADD COLUMN IF NOT EXISTS fde halfvec;
CREATE INDEX IF NOT EXISTS ix_segment_rows_words ON segment_rows USING gin (words);
CREATE TABLE IF NOT EXISTS segment_codebooks (
    segment_id text NOT NULL,
    book text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (segment_id, book)
)
"""
INSERT = """
INSERT INTO segment_rows (
    segment_id, ordinal, chunk_id, version_id, attributes, text, words, num_words, vector,
    tokens, num_tokens, book, fde
) VALUES (
    :segment_id, :ordinal, :chunk_id, :version_id, CAST(:attributes AS jsonb), :text,
    CAST(:words AS tsvector), :num_words, CAST(:vector AS halfvec),
    :tokens, :num_tokens, :book, CAST(:fde AS halfvec)
)
"""
INSERT_BOOK = "INSERT INTO segment_codebooks VALUES (:segment_id, :book, :content) ON CONFLICT DO NOTHING"
ROWS = """
SELECT chunk_id, version_id, text, CAST(vector AS text) AS vector, attributes, tokens, num_tokens, book
FROM segment_rows
WHERE segment_id = :segment AND NOT (version_id = ANY(:dead)) ORDER BY ordinal
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
    """Give the statement that indexes the vectors of a column and dimension."""
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
        _scan(session, parameters["k"])
        wanted = _NEAREST.format(wanted="chunk_id", column="vector", dim=len(query), visible=visible)
        return [Hit(*row) for row in session.execute(text(wanted), asked)]
    _scan(session, candidates)
    by_bits = text(_NEAREST_BY_BITS.format(column="vector", dim=len(query), visible=visible))
    return [Hit(*row) for row in session.execute(by_bits, {**asked, "candidates": candidates})]


def token_candidates(
    session: Session, fde: Vector, visible: str, parameters: dict[str, Any], *, count: int
) -> list[Any]:  # Any: rows of (chunk_id, segment_id, tokens, num_tokens, book, score)
    """Give the rows whose fixed-dimensional encodings have the largest inner products."""
    _scan(session, count)
    wanted = "chunk_id, segment_id, tokens, num_tokens, book"
    query = _NEAREST.format(wanted=wanted, column="fde", dim=len(fde), visible=visible)
    return list(session.execute(text(query), {**parameters, "query": literal(fde), "k": count}))


def literal(vector: Vector) -> str:
    """Give a vector as pgvector reads it."""
    return "[" + ",".join(f"{value:.7g}" for value in vector.tolist()) + "]"


def look_at_each(session: Session) -> None:
    """Keep this transaction from HNSW, whose graph does not reach every row; few rows take no time."""
    session.execute(text("SET LOCAL enable_indexscan = off"))


def _scan(session: Session, count: int) -> None:
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
