"""The tables, the same on SQLite and PostgreSQL. Every row has a tenant.

    collections ── indexes ── segments ── segment_versions      what can be searched
         └── documents ── document_versions ── chunks           what was read
    jobs ── job_files          runs ── events          api_keys

Knows no query. `rag/db/migrations` makes what stands here; a test compares the two.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

__all__ = [
    "Base",
    "ChunkRow",
    "CollectionRow",
    "DocumentRow",
    "EventRow",
    "IndexRow",
    "JobFileRow",
    "JobRow",
    "KeyRow",
    "RunRow",
    "SegmentRow",
    "SegmentVersionRow",
    "UtcTime",
    "VersionRow",
    "utc_now",
]


def utc_now() -> datetime:
    """Give the present instant."""
    return datetime.now(UTC)


class UtcTime(TypeDecorator[datetime]):
    """An instant; UTC and aware in Python, also from SQLite, which keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC."""
        if value is None:
            return None
        instant: datetime = value  # Any: what the driver gives
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class Base(DeclarativeBase):
    """Common types."""

    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy's own declaration
        str: Text,
        bytes: LargeBinary,
        datetime: UtcTime,
        dict[str, Any]: JSON,  # Any: JSON
        list[str]: JSON,
    }


def _id() -> Mapped[str]:
    return mapped_column(String(64), primary_key=True)


def _tenant() -> Mapped[str]:
    return mapped_column(String(64))


class CollectionRow(Base):
    """A set of documents with one access list."""

    __tablename__ = "collections"
    __table_args__ = (UniqueConstraint("tenant", "name"),)
    id: Mapped[str] = _id()
    tenant: Mapped[str] = _tenant()
    name: Mapped[str] = mapped_column(String(200))
    generation: Mapped[int] = mapped_column(BigInteger, default=0)  # grows with what can be found
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what a client notes about it
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class IndexRow(Base):
    """One way of indexing a collection; one of a collection serves."""

    __tablename__ = "indexes"
    id: Mapped[str] = _id()
    tenant: Mapped[str] = _tenant()
    collection_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("collections.id", ondelete="CASCADE"), index=True
    )
    encoder: Mapped[str]  # the fingerprint that all its vectors share
    others: Mapped[dict[str, Any]] = mapped_column(default=dict)  # further kinds -> their fingerprints
    is_serving: Mapped[bool] = mapped_column(default=True)


class DocumentRow(Base):
    """A document as received."""

    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("collection_id", "source"),)
    id: Mapped[str] = _id()
    tenant: Mapped[str] = _tenant()
    collection_id: Mapped[str] = mapped_column(String(64), ForeignKey("collections.id", ondelete="CASCADE"))
    source: Mapped[str]
    base: Mapped[str | None]  # the folder that the source is relative to; empty: none, it was sent
    version: Mapped[int]  # the one that is found
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class VersionRow(Base):
    """The content of a document at one time: `id` is "document_id.version"."""

    __tablename__ = "document_versions"
    __table_args__ = (UniqueConstraint("document_id", "version"),)
    id: Mapped[str] = _id()
    tenant: Mapped[str] = _tenant()
    document_id: Mapped[str] = mapped_column(String(64), ForeignKey("documents.id", ondelete="CASCADE"))
    version: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))  # SHA-256 of the bytes, hex
    pipeline_version: Mapped[str]
    title: Mapped[str]
    text: Mapped[str] = mapped_column(deferred=True)  # read only where a whole document is asked for
    layout: Mapped[bytes] = mapped_column(deferred=True)  # rag/db/_layout.py
    attributes: Mapped[dict[str, Any]]  # Any: JSON
    num_chunks: Mapped[int]
    stamp: Mapped[str | None]  # what the source said of it: while that is the same, so are the bytes
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ChunkRow(Base):
    """The unit that is indexed: `id` is "version_id.ordinal"."""

    __tablename__ = "chunks"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    tenant: Mapped[str] = _tenant()
    version_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("document_versions.id", ondelete="CASCADE"), index=True
    )
    ordinal: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    page: Mapped[int | None]
    heading: Mapped[list[str]]
    text: Mapped[str]


class SegmentRow(Base):
    """An immutable set of rows in the store, named here once it is published."""

    __tablename__ = "segments"
    id: Mapped[str] = _id()
    tenant: Mapped[str] = _tenant()
    index_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("indexes.id", ondelete="CASCADE"), index=True
    )
    num_rows: Mapped[int]


class SegmentVersionRow(Base):
    """Which versions have rows in a segment. A dead one's rows must not be found.

    No foreign key to the version: a deleted document's rows stay in the segment until it is compacted,
    and must stay known as dead for as long.
    """

    __tablename__ = "segment_versions"
    __table_args__ = (Index("ix_segment_versions_version_id", "version_id"),)
    segment_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True
    )
    version_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant: Mapped[str] = _tenant()
    num_rows: Mapped[int]
    is_dead: Mapped[bool] = mapped_column(default=False)


class JobRow(Base):
    """Work for one worker at a time: it holds the lease until `lease_until` unless it prolongs it."""

    __tablename__ = "jobs"
    id: Mapped[str] = _id()
    tenant: Mapped[str] = _tenant()
    kind: Mapped[str] = mapped_column(String(16), default="ingest")  # ingest | reindex
    collection: Mapped[str] = mapped_column(String(200))
    # queued | running | paused | done | failed | cancelled
    state: Mapped[str] = mapped_column(String(16), index=True)
    error: Mapped[str | None]  # why all of it failed
    chunks_done: Mapped[int] = mapped_column(default=0)  # these three: of a rebuilding
    chunks_total: Mapped[int] = mapped_column(default=0)
    index_kinds: Mapped[str | None]  # that it makes, "dense,late"
    deaths: Mapped[int] = mapped_column(default=0)  # of its workers, since it last got on
    num_unchanged: Mapped[int] = mapped_column(default=0)  # files that were as before, and left out
    worker: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]  # when the worker took it, and how much was done by then
    done_at_start: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]


class JobFileRow(Base):
    """One file of a job."""

    __tablename__ = "job_files"
    job_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str] = _tenant()
    source: Mapped[str]
    base: Mapped[str | None]  # as a document's
    path: Mapped[bytes]  # as the file system spells it, which need not be Unicode; or an address
    action: Mapped[str] = mapped_column(String(16), default="take")  # take | delete
    stamp: Mapped[str | None]  # what the source says of it, as its ETag
    # Of what could not be read when it was submitted: the source of the archive or folder at `path`.
    place: Mapped[str | None]
    num_bytes: Mapped[int] = mapped_column(BigInteger, default=0)  # known once it is read
    # queued | running | done | skipped | deleted | failed | cancelled
    state: Mapped[str] = mapped_column(String(16))
    document_id: Mapped[str | None] = mapped_column(String(64))
    chunks: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)  # how often a worker began with it
    error: Mapped[str | None]


class RunRow(Base):
    """One question through the graph."""

    __tablename__ = "runs"
    id: Mapped[str] = _id()
    tenant: Mapped[str] = _tenant()
    collection: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(200), default="local")  # the subject that asked
    question: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))  # as rag/db/runs.py lists them
    working_until: Mapped[datetime | None]  # of one that runs: by then it has stored more, or is dead
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    finished_at: Mapped[datetime | None]


class EventRow(Base):
    """One event of a run; append-only."""

    __tablename__ = "events"
    run_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenant: Mapped[str] = _tenant()
    type: Mapped[str] = mapped_column(String(32))
    body: Mapped[str]  # JSON, as pydantic writes it


class KeyRow(Base):
    """A key that a caller shows; its secret is not here. One that was revoked stays, and says so."""

    __tablename__ = "api_keys"
    id: Mapped[str] = _id()  # also the part of the key that is shown
    tenant: Mapped[str] = _tenant()
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the whole key, hex
    subject: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[list[str]]
    # That it may use; none for all of the tenant.
    collections: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
