"""Sources that are synchronised again and again: what is due is leased by one worker, as jobs are.

Knows instants; how one follows from another is the caller's.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import NotFoundError
from rag.db.schedule_tables import ScheduleRow
from rag.db.session import Database
from rag.db.tables import JobRow, utc_now

__all__ = ["DueSchedule", "Schedule", "Schedules"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A source, when it is synchronised, and how the last time went."""

    schedule_id: str
    collection: str
    places: list[str]
    timing: str  # "every 900 s", or a cron expression in UTC
    next_run_at: datetime  # while it is paused: when it would be
    is_paused: bool
    last_run_at: datetime | None
    last_job_id: str | None
    last_state: str | None  # of that job
    last_result: str | None  # what became of the last run before there was a job, and what it left alone


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A schedule in one worker's hands."""

    schedule_id: str
    worker: str
    collection: str
    places: list[str]
    base: str  # the folder that paths are relative to
    timing: str
    last_job_id: str | None


class Schedules:
    """Schedules of one tenant."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._tenant = access.tenant
        self._access = access
        self._mine = ScheduleRow.tenant == access.tenant
        if access.readable is not None:
            self._mine &= ScheduleRow.collection.in_(access.readable)

    def add(
        self, collection: str, places: Sequence[str], *, base: str, timing: str, next_run_at: datetime
    ) -> str:
        """Keep a schedule; give its id.

        Raises:
            ForbiddenError, NotFoundError: the caller may not change the collection.
        """
        self._access.check_write(collection)
        schedule_id = uuid.uuid4().hex
        with self._database.write() as session:
            session.add(
                ScheduleRow(
                    id=schedule_id,
                    tenant=self._tenant,
                    collection=collection,
                    places=list(places),
                    base=base,
                    timing=timing,
                    next_run_at=next_run_at,
                )
            )
        return schedule_id

    def list(self) -> "list[Schedule]":
        """Give all, the next one first."""
        query = (
            select(ScheduleRow, JobRow.state)
            .join(JobRow, JobRow.id == ScheduleRow.last_job_id, isouter=True)
            .where(self._mine)
            .order_by(ScheduleRow.next_run_at)
        )
        with self._database.read() as session:
            return [_schedule(row, state) for row, state in session.execute(query)]

    def remove(self, schedule_id: str) -> None:
        """Forget a schedule; its documents stay.

        Raises:
            NotFoundError: no such schedule.
            ForbiddenError: the caller may only read its collection.
        """
        with self._database.write() as session:
            session.delete(self._row(session, schedule_id))

    def pause(self, schedule_id: str) -> None:
        """Leave a schedule alone until it is resumed; what runs already goes on.

        Raises:
            NotFoundError: no such schedule.
            ForbiddenError: the caller may only read its collection.
        """
        with self._database.write() as session:
            self._row(session, schedule_id).is_paused = True

    def resume(self, schedule_id: str) -> None:
        """Run a schedule again; what was missed is made up once.

        Raises:
            NotFoundError: no such schedule.
            ForbiddenError: the caller may only read its collection.
        """
        with self._database.write() as session:
            self._row(session, schedule_id).is_paused = False

    def lease(
        self, worker: str, *, lease_seconds: float, schedule_id: str | None = None
    ) -> DueSchedule | None:
        """Take the schedule that is due for longest and that nobody has in hand; or the given one.

        None when there is none: nothing is written then.
        """
        now = utc_now()
        is_due = (ScheduleRow.next_run_at <= now) & ScheduleRow.is_paused.is_(False)
        mine = (
            self._mine,
            or_(ScheduleRow.lease_until.is_(None), ScheduleRow.lease_until < now),
            is_due if schedule_id is None else ScheduleRow.id == schedule_id,
        )
        query = select(ScheduleRow).where(*mine).order_by(ScheduleRow.next_run_at).limit(1)
        with self._database.read() as session:
            if session.scalar(query) is None:
                return None
        with self._database.write() as session:
            row = session.scalar(query.with_for_update(skip_locked=True))
            if row is None:
                return None
            self._access.check_write(row.collection)
            row.worker, row.lease_until = worker, now + timedelta(seconds=lease_seconds)
            return DueSchedule(
                row.id, worker, row.collection, list(row.places), row.base, row.timing, row.last_job_id
            )

    def finish(
        self, due: DueSchedule, *, job_id: str | None, result: str | None, next_run_at: datetime
    ) -> bool:
        """Set how the run went and when the next one is; false when another worker has it by now."""
        with self._database.write() as session:
            return self._finish(session, due, job_id, result, next_run_at)

    def _row(self, session: Session, schedule_id: str) -> ScheduleRow:
        mine = self._mine & (ScheduleRow.id == schedule_id)
        row = session.scalar(select(ScheduleRow).where(mine).with_for_update())
        if row is None:
            raise NotFoundError(f"no schedule {schedule_id!r}; `rag schedules list` lists what there is")
        self._access.check_write(row.collection)
        return row

    def _finish(
        self,
        session: Session,
        due: DueSchedule,
        job_id: str | None,
        result: str | None,
        next_run_at: datetime,
    ) -> bool:
        done = session.execute(
            update(ScheduleRow)
            .where(ScheduleRow.id == due.schedule_id, ScheduleRow.worker == due.worker)
            .values(
                worker=None,
                lease_until=None,
                last_run_at=utc_now(),
                last_job_id=job_id or due.last_job_id,
                last_result=result,
                next_run_at=next_run_at,
            )
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]


def _schedule(row: ScheduleRow, state: str | None) -> Schedule:
    return Schedule(
        row.id,
        row.collection,
        list(row.places),
        row.timing,
        row.next_run_at,
        row.is_paused,
        row.last_run_at,
        row.last_job_id,
        state,
        row.last_result,
    )
