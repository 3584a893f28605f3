"""What a person does to a job: pause, resume, cancel, retry.

Each takes the lease away from whoever holds it: that worker's next write is refused, so that what it is at
is not published, and it stops. A batch in hand is done again or not at all, never twice.
"""

from collections.abc import Collection

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import ConflictError, NotFoundError
from rag.db.session import Database
from rag.db.tables import JobFileRow, JobRow, utc_now

__all__ = ["JobControl"]


class JobControl:
    """Jobs of one tenant, as a person steers them."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access
        self._mine = JobRow.tenant == access.tenant
        if access.readable is not None:
            self._mine &= JobRow.collection.in_(access.readable)

    def pause(self, job_id: str) -> None:
        """Leave a job alone until it is resumed; what it has done stays.

        Raises:
            NotFoundError: no such job.
            ConflictError: it is over.
        """
        with self._database.write() as session:
            self._move(session, job_id, {"queued", "running", "paused"}, "paused")
            _put_back(session, job_id)

    def resume(self, job_id: str) -> None:
        """Let a paused job go on.

        Raises:
            NotFoundError: no such job.
            ConflictError: it is not paused.
        """
        with self._database.write() as session:
            self._move(session, job_id, {"paused"}, "queued")

    def cancel(self, job_id: str) -> None:
        """End a job; what it has done stays.

        Raises:
            NotFoundError: no such job.
            ConflictError: it is over.
        """
        with self._database.write() as session:
            self._move(session, job_id, {"queued", "running", "paused"}, "cancelled")
            session.execute(update(JobRow).where(JobRow.id == job_id).values(finished_at=utc_now()))
            session.execute(_files(job_id, "queued", "running").values(state="cancelled"))

    def retry(self, job_id: str) -> None:
        """Queue a finished job's failed files again, or a failed rebuilding.

        Raises:
            NotFoundError: no such job.
            ConflictError: it is not finished, or nothing of it failed.
        """
        with self._database.write() as session:
            job = self._move(session, job_id, {"done", "failed"}, "queued")
            failed = session.scalars(
                select(JobFileRow.ordinal).where(JobFileRow.job_id == job_id, JobFileRow.state == "failed")
            ).all()
            if not failed and job.error is None:
                raise ConflictError(f"nothing of job {job_id} failed; there is nothing to retry")
            job.error, job.finished_at, job.deaths = None, None, 0
            session.execute(_files(job_id, "failed").values(state="queued", error=None, attempts=0))

    def _move(self, session: Session, job_id: str, states: Collection[str], state: str) -> JobRow:
        """Set a job's state if it is in one of those and the caller may, and take the lease away."""
        job = session.scalar(select(JobRow).where(JobRow.id == job_id, self._mine).with_for_update())
        if job is None:
            raise NotFoundError(f"no job {job_id!r}; `rag jobs` lists what there is")
        self._access.check_write(job.collection)
        if job.state not in states:
            raise ConflictError(
                f"job {job_id} is {job.state}; this takes one that is {' or '.join(sorted(states))}"
            )
        job.state, job.worker, job.lease_until = state, None, None
        return job


def _files(job_id: str, *states: str) -> Update:
    return update(JobFileRow).where(JobFileRow.job_id == job_id, JobFileRow.state.in_(states))


def _put_back(session: Session, job_id: str) -> None:
    """Count no attempt for what was stopped in an orderly way."""
    session.execute(_files(job_id, "running").values(state="queued", attempts=JobFileRow.attempts - 1))
