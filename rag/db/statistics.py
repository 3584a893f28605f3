"""How much the database holds, over all tenants: a few counts for whoever runs the installation."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from rag.db.session import Database
from rag.db.tables import (
    CollectionRow,
    DocumentRow,
    JobFileRow,
    JobRow,
    SegmentRow,
    SegmentVersionRow,
    utc_now,
)

__all__ = ["Statistics", "read_statistics"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the database holds at one instant."""

    jobs: dict[tuple[str, str], int]  # (kind, state) -> how many
    files: dict[str, int]  # state -> how many
    ingested_chunks: int
    queue_depth: int  # jobs that no worker holds and one should
    oldest_job_seconds: float  # 0 where none waits
    collections: int
    documents: int
    segments: int
    live_rows: int
    dead_rows: int
    database_bytes: int


def read_statistics(database: Database) -> Statistics:
    """Count, in one read transaction.

    Raises:
        UnavailableError: the database is down.
    """
    with database.read() as session:
        jobs = session.execute(
            select(JobRow.kind, JobRow.state, func.count()).group_by(JobRow.kind, JobRow.state)
        )
        files = session.execute(
            select(JobFileRow.state, func.count(), func.sum(JobFileRow.chunks)).group_by(JobFileRow.state)
        ).all()
        depth, oldest = _queue(session)
        rows: dict[bool, int] = {
            is_dead: int(num_rows)
            for is_dead, num_rows in session.execute(
                select(SegmentVersionRow.is_dead, func.sum(SegmentVersionRow.num_rows)).group_by(
                    SegmentVersionRow.is_dead
                )
            )
        }
        return Statistics(
            jobs={(kind, state): number for kind, state, number in jobs},
            files={state: number for state, number, _ in files},
            ingested_chunks=sum(int(chunks or 0) for state, _, chunks in files if state == "done"),
            queue_depth=depth,
            oldest_job_seconds=0.0 if oldest is None else max(0.0, (utc_now() - oldest).total_seconds()),
            collections=_count(session, CollectionRow),
            documents=_count(session, DocumentRow),
            segments=_count(session, SegmentRow),
            live_rows=rows.get(False, 0),
            dead_rows=rows.get(True, 0),
            database_bytes=_bytes(database, session),
        )


def _queue(session: Session) -> tuple[int, datetime | None]:
    is_free = or_(JobRow.lease_until.is_(None), JobRow.lease_until < utc_now())
    query = select(func.count(), func.min(JobRow.created_at)).where(
        JobRow.state.in_(("queued", "running")), is_free
    )
    depth, oldest = session.execute(query).one()
    return depth, oldest


def _count(session: Session, table: type[CollectionRow] | type[DocumentRow] | type[SegmentRow]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _bytes(database: Database, session: Session) -> int:
    if database.is_postgresql:
        return session.scalar(text("SELECT pg_database_size(current_database())")) or 0
    file = database.engine.url.database
    if not file or file == ":memory:":
        return 0
    return sum(path.stat().st_size for path in (Path(file), Path(f"{file}-wal")) if path.exists())
