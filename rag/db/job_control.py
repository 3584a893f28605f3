"""What a person does to a job: pause, resume, cancel, retry.

Each takes the lease away from whoever holds it: that worker's next write is refused, so that what it is at
is not published, and it stops. A batch in hand is done again or not at all, never twice.
"""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Select, Update, delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from rag.core.access import Access
from rag.core.errors import ConflictError, NotFoundError
from rag.db._job_files import file_of, row_of
from rag.db._job_views import JobFile
from rag.db._waiting import submitted_since
from rag.db.session import Database
from rag.db.tables import JobFileRow, JobRow, utc_now

__all__ = ["JobControl"]

NO_PARTS: Mapping[int, Sequence[JobFile]] = {}


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

    def failed(self, job_id: str) -> dict[int, JobFile]:
        """Give the files of a job that failed, by their number in it."""
        is_mine = JobFileRow.tenant == self._access.tenant
        with self._database.read() as session:
            return {row.ordinal: file_of(row) for row in session.scalars(_failed(job_id).where(is_mine))}

    def retry(self, job_id: str, *, parts: Mapping[int, Sequence[JobFile]] = NO_PARTS) -> None:
        """Queue a finished job's failed files again, or a failed rebuilding.

        Args:
            job_id: of the job.
            parts: what now stands for a failed file, by its number; by default the file itself.

        Raises:
            NotFoundError: no such job.
            ConflictError: it is not finished, nothing of it failed, or later jobs have what did.
        """
        with self._database.write() as session:
            job = self._move(session, job_id, {"done", "failed"}, "queued")
            failed = session.scalars(_failed(job_id)).all()
            since = submitted_since(session, job, failed)
            left = [row for row in failed if row.source not in since]
            if not left and job.error is None:
                raise ConflictError(_nothing_left(job_id, since))
            job.error, job.finished_at, job.deaths = None, None, 0
            for row in left:
                _put_again(session, job, row, parts.get(row.ordinal) or [file_of(row)])

    def forget_overtaken(self, job_id: str, *, by: str) -> None:
        """Forget of a finished job what changed nothing and a later one has too; the job if that is all."""
        of_job, later = JobFileRow.job_id == job_id, aliased(JobFileRow)
        is_again = JobFileRow.source.in_(select(later.source).where(later.job_id == by))
        is_change = JobFileRow.state.in_(("done", "deleted"))
        with self._database.write() as session:
            # One that was cancelled may be in the hands of its worker yet.
            is_it = self._mine & (JobRow.id == job_id) & JobRow.state.in_(("done", "failed"))
            if session.scalar(select(JobRow.id).where(is_it).with_for_update()) is None:
                return
            session.execute(delete(JobFileRow).where(of_job, is_again, ~is_change))
            session.execute(delete(JobRow).where(JobRow.id == job_id, ~exists().where(of_job)))

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


def _failed(job_id: str) -> Select[JobFileRow]:
    query = select(JobFileRow).where(JobFileRow.job_id == job_id, JobFileRow.state == "failed")
    return query.order_by(JobFileRow.ordinal)


def _nothing_left(job_id: str, since: Mapping[str, str]) -> str:
    if not since:
        return f"nothing of job {job_id} failed; there is nothing to retry"
    last = list(since.values())[-1]
    return f"what failed of job {job_id} was submitted again since, last in job {last}"


def _put_again(session: Session, job: JobRow, row: JobFileRow, parts: Sequence[JobFile]) -> None:
    """Put the parts of a failed file in its place; all but the first come behind the other files."""
    last = select(func.max(JobFileRow.ordinal)).where(JobFileRow.job_id == job.id)
    behind = (session.scalar(last) or 0) + 1
    session.merge(row_of(job, row.ordinal, parts[0]))
    session.add_all(row_of(job, ordinal, part) for ordinal, part in enumerate(parts[1:], behind))
    session.flush()


def _put_back(session: Session, job_id: str) -> None:
    """Count no attempt for what was stopped in an orderly way."""
    session.execute(_files(job_id, "running").values(state="queued", attempts=JobFileRow.attempts - 1))
