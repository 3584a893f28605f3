"""The queue of ingestion jobs: durable, each leased by one worker at a time."""

import os
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import ConflictError, NotFoundError
from rag.db._job_files import file_of, row_of
from rag.db._job_status import UNFINISHED, UNSETTLED, count_death, num_done, outcome, status_of
from rag.db._job_views import FileStatus, JobFile, JobHaltedError, JobStatus, LeasedJob, LeaseLostError
from rag.db._waiting import cancel_waiting
from rag.db.pages import Position, newest_first
from rag.db.session import Database
from rag.db.tables import JobFileRow, JobRow, utc_now

__all__ = [
    "FileStatus",
    "JobFile",
    "JobHaltedError",
    "JobQueue",
    "JobStatus",
    "LeaseLostError",
    "LeasedJob",
]

_RETRY_TIME = timedelta(days=7)
_SQL_ALONE = {"synchronize_session": False}  # looking for such rows in the session is a third of the cost


class JobQueue:
    """Jobs of one tenant."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._tenant = access.tenant
        self._access = access
        self._mine = JobRow.tenant == access.tenant
        if access.readable is not None:
            self._mine &= JobRow.collection.in_(access.readable)

    def submit(self, collection: str, files: Sequence[JobFile], *, num_unchanged: int = 0) -> str:
        """Queue a job and give its id; a file with an error is failed from the start.

        What older jobs still have to do of the same sources is cancelled. A job of which files were left
        out, for they are as they were, does not fail when all that are in it do.

        Raises:
            ForbiddenError, NotFoundError: the caller may not change the collection.
        """
        self._access.check_write(collection)
        job_id = uuid.uuid4().hex
        with self._database.write() as session:
            self._database.lock(session, "jobs")
            newer = [file for file in files if file.error is None]
            sources, bases = [file.source for file in newer], {file.base for file in newer}
            cancel_waiting(session, self._tenant, collection, sources, bases=bases)
            job = JobRow(
                id=job_id,
                tenant=self._tenant,
                collection=collection,
                state="queued",
                num_unchanged=num_unchanged,
            )
            session.add(job)
            session.flush()
            session.add_all(row_of(job, ordinal, file) for ordinal, file in enumerate(files))
        return job_id

    def submit_reindex(self, collection: str, *, index_kinds: str | None = None) -> str:
        """Queue the rebuilding of a collection's index, unless one is not finished; give the job's id.

        Raises:
            ConflictError: one that makes other kinds of index is not finished.
            ForbiddenError, NotFoundError: the caller may not change the collection.
        """
        self._access.check_write(collection)
        with self._database.write() as session:
            self._database.lock(session, "jobs")
            unfinished = session.scalar(
                select(JobRow).where(
                    JobRow.tenant == self._tenant,
                    JobRow.collection == collection,
                    JobRow.kind == "reindex",
                    JobRow.state.in_(UNFINISHED),
                )
            )
            if unfinished is not None and index_kinds not in (None, unfinished.index_kinds):
                raise ConflictError(
                    f"job {unfinished.id} is rebuilding this collection's index for other kinds;"
                    f" wait for it, or `rag jobs cancel {unfinished.id}`"
                )
            if unfinished is not None:
                return unfinished.id
            job = JobRow(
                id=uuid.uuid4().hex,
                tenant=self._tenant,
                kind="reindex",
                collection=collection,
                index_kinds=index_kinds,
                state="queued",
            )
            session.add(job)
            return job.id

    def lease(self, worker: str, *, lease_seconds: float, job_id: str | None = None) -> LeasedJob | None:
        """Take the oldest job that nobody works on, or the given one; None when there is none."""
        free = or_(JobRow.lease_until.is_(None), JobRow.lease_until < utc_now())
        query = select(JobRow).where(
            JobRow.tenant == self._tenant, JobRow.state.in_(("queued", "running")), free
        )
        if job_id is not None:
            query = query.where(JobRow.id == job_id)
        with self._database.write() as session:
            job = session.scalar(
                query.order_by(JobRow.created_at).limit(1).with_for_update(skip_locked=True)
            )
            if job is None:
                return None
            count_death(job)
            job.state, job.worker, job.lease_until = "running", worker, _until(lease_seconds)
            job.started_at, job.done_at_start = utc_now(), num_done(session, job)
            open_files = session.scalars(
                select(JobFileRow)
                .where(JobFileRow.job_id == job.id, JobFileRow.state.in_(UNSETTLED))
                .order_by(JobFileRow.ordinal)
            )
            files = {row.ordinal: file_of(row) for row in open_files}
            return LeasedJob(job.id, job.kind, job.collection, worker, files, job.index_kinds, job.deaths)

    def heartbeat(self, job: LeasedJob, *, lease_seconds: float) -> None:
        """Keep the lease.

        Raises:
            LeaseLostError: another worker has taken the job over.
        """
        with self._database.write() as session:
            self.hold(session, job)
            session.execute(
                update(JobRow).where(JobRow.id == job.job_id).values(lease_until=_until(lease_seconds))
            )

    def hold(self, session: Session, job: LeasedJob) -> None:
        """Make sure, in the caller's transaction, that the job is still this worker's.

        Raises:
            LeaseLostError: another worker has taken the job over.
        """
        row = session.scalar(select(JobRow).where(JobRow.id == job.job_id).with_for_update())
        if row is None:
            raise JobHaltedError(f"job {job.job_id} is gone; this worker stops")
        if row.state in ("paused", "cancelled"):
            raise JobHaltedError(f"job {job.job_id} was {row.state}; this worker stops")
        if row.worker != job.worker:
            raise LeaseLostError(f"job {job.job_id} was taken over by another worker; this one stops")

    def cancelled(self, session: Session, job: LeasedJob) -> set[int]:
        """Give the ordinals of files that were cancelled since, in the transaction that holds the job."""
        query = select(JobFileRow.ordinal).where(JobFileRow.job_id == job.job_id)
        return set(session.scalars(query.where(JobFileRow.state == "cancelled")))

    def release(self, job: LeasedJob) -> None:
        """Give an unfinished job back, so that the next worker need not wait for the lease to end.

        Raises:
            LeaseLostError: another worker has taken the job over.
        """
        with self._database.write() as session:
            self.hold(session, job)
            session.execute(
                update(JobRow)
                .where(JobRow.id == job.job_id)
                .values(state="queued", worker=None, lease_until=None)
            )
            # To stop in an orderly way is no attempt.
            session.execute(
                update(JobFileRow)
                .where(JobFileRow.job_id == job.job_id, JobFileRow.state == "running")
                .values(state="queued", attempts=JobFileRow.attempts - 1)
            )

    def start_file(self, job: LeasedJob, ordinal: int) -> None:
        """Show that a file is being worked on, and count the attempt.

        Raises:
            LeaseLostError: the job is no longer this worker's.
        """
        with self._database.write() as session:
            self.hold(session, job)
            session.execute(
                update(JobFileRow)
                .where(JobFileRow.job_id == job.job_id, JobFileRow.ordinal == ordinal)
                .where(JobFileRow.state.in_(UNSETTLED))
                .values(state="running", attempts=JobFileRow.attempts + 1),
                execution_options=_SQL_ALONE,
            )

    def mark(
        self,
        session: Session,
        job: LeasedJob,
        ordinal: int,
        *,
        state: str,
        document_id: str | None = None,
        chunks: int = 0,
        num_bytes: int = 0,
        error: str | None = None,
    ) -> None:
        """Set how a file fares, in the caller's transaction; a cancelled one stays that."""
        session.execute(
            update(JobFileRow)
            .where(JobFileRow.job_id == job.job_id, JobFileRow.ordinal == ordinal)
            .where(JobFileRow.state.in_(UNSETTLED))
            .values(state=state, document_id=document_id, chunks=chunks, num_bytes=num_bytes, error=error),
            execution_options=_SQL_ALONE,
        )

    def count_chunks(self, session: Session, job: LeasedJob, *, done: int, total: int) -> None:
        """Set how far a rebuilding is, in the caller's transaction."""
        session.execute(
            update(JobRow).where(JobRow.id == job.job_id).values(chunks_done=done, chunks_total=total)
        )

    def finish(self, job: LeasedJob, *, error: str | None = None) -> None:
        """End the job: failed when there is an error or nothing was done, cancelled when all was."""
        with self._database.write() as session:
            self.hold(session, job)
            states = set(session.scalars(select(JobFileRow.state).where(JobFileRow.job_id == job.job_id)))
            num_unchanged = session.get_one(JobRow, job.job_id).num_unchanged
            state = "failed" if error else outcome(states, num_unchanged=num_unchanged)
            session.execute(
                update(JobRow)
                .where(JobRow.id == job.job_id)
                .values(state=state, error=error, worker=None, lease_until=None, finished_at=utc_now())
            )

    def settled_paths(self, job_id: str) -> list[str]:
        """Give where the bytes of a job's files are, but for those that may be wanted again."""
        query = select(JobFileRow.path).where(
            JobFileRow.job_id == job_id, JobFileRow.tenant == self._tenant, JobFileRow.state != "failed"
        )
        with self._database.read() as session:
            return [os.fsdecode(path) for path in session.scalars(query)]

    def awaited_paths(self) -> set[str]:
        """Give where the bytes are that may be wanted, of every tenant: they share the home.

        Those are the files of unfinished jobs, and for a week those that failed and may be retried.
        """
        may_be_retried = (
            (JobFileRow.state == "failed")
            & JobRow.state.in_(("done", "failed"))
            & (JobRow.finished_at > utc_now() - _RETRY_TIME)
        )
        query = (
            select(JobFileRow.path)
            .join(JobRow, JobRow.id == JobFileRow.job_id)
            .where(JobRow.state.in_(UNFINISHED) | may_be_retried)
        )
        with self._database.read() as session:
            return {os.fsdecode(path) for path in session.scalars(query)}

    def job(self, job_id: str) -> JobStatus:
        """Give a job with its files.

        Raises:
            NotFoundError: no such job.
        """
        with self._database.read() as session:
            row = session.scalar(select(JobRow).where(JobRow.id == job_id, self._mine))
            if row is None:
                raise NotFoundError(f"no job {job_id!r}; `rag jobs` lists what there is")
            return status_of(session, row)

    def jobs(self, limit: int = 20, *, after: Position | None = None) -> list[JobStatus]:
        """List jobs, newest first; those behind a position."""
        mine = select(JobRow).where(self._mine)
        page = newest_first(mine, JobRow.created_at, JobRow.id, limit=limit, behind=after)
        with self._database.read() as session:
            return [status_of(session, row) for row in session.scalars(page).all()]


def _until(lease_seconds: float) -> datetime:
    return utc_now() + timedelta(seconds=lease_seconds)
