"""How a job fares, from its rows: how much is done, how fast it goes, how long the rest takes."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rag.db._job_views import FileStatus, JobStatus
from rag.db.tables import JobFileRow, JobRow, utc_now

__all__ = ["UNFINISHED", "UNSETTLED", "count_death", "num_done", "outcome", "pace", "status_of"]

UNFINISHED = ("queued", "running", "paused")  # jobs
UNSETTLED = ("queued", "running")  # files that still have to be worked on
_WORKED_THROUGH = ("done", "skipped", "deleted", "failed")
_FILES = select(  # columns: as objects they take four times as long, and a list of jobs has thousands
    JobFileRow.source,
    JobFileRow.state,
    JobFileRow.document_id,
    JobFileRow.chunks,
    JobFileRow.error,
    JobFileRow.num_bytes,
)


def status_of(session: Session, job: JobRow) -> JobStatus:
    """Give a job with its files."""
    of_job = _FILES.where(JobFileRow.job_id == job.id).order_by(JobFileRow.ordinal)
    files = [FileStatus(*row) for row in session.execute(of_job)]
    files_done = sum(file.state in _WORKED_THROUGH for file in files)
    files_left = sum(file.state in UNSETTLED for file in files)
    is_reindex = job.kind == "reindex"
    chunks_done = job.chunks_done if is_reindex else sum(file.chunks for file in files)
    done, left = files_done, files_left
    if is_reindex:
        done, left = job.chunks_done, job.chunks_total - job.chunks_done
    rate, eta = pace(done - job.done_at_start, left, _seconds(job.started_at, job.finished_at))
    return JobStatus(
        job.id,
        job.kind,
        job.collection,
        job.state,
        job.created_at,
        job.finished_at,
        job.error,
        chunks_done,
        job.chunks_total,
        files,
        files_done,
        len(files),
        sum(file.bytes for file in files),
        rate if job.state in ("running", "done") else None,
        eta if job.state == "running" else None,
    )


def num_done(session: Session, job: JobRow) -> int:
    """Count the files that are worked through, or the chunks of a rebuilding."""
    if job.kind == "reindex":
        return job.chunks_done
    of_job = select(func.count()).where(JobFileRow.job_id == job.id, JobFileRow.state.in_(_WORKED_THROUGH))
    return session.scalar(of_job) or 0


def outcome(states: set[str], *, num_unchanged: int = 0) -> str:
    """Give how a job ended whose files have these states: failed or cancelled when nothing else is in them.

    Files that were left out of it, for they were as they were, are done.

    >>> outcome({"failed", "done"}), outcome({"failed", "cancelled"}), outcome({"cancelled"})
    ('done', 'failed', 'cancelled')
    """
    if states - {"failed", "cancelled"} or not states:
        return "done"
    if "failed" not in states:
        return "cancelled"
    return "done" if num_unchanged else "failed"


def count_death(job: JobRow) -> None:
    """Count a rebuilding whose worker has died, which is known by its still being called running.

    Those before it do not count when it got on since it was last begun.
    """
    if job.kind == "reindex" and job.state == "running":
        job.deaths = 1 if job.chunks_done > job.done_at_start else job.deaths + 1


def pace(done: int, left: int, seconds: float) -> tuple[float | None, float | None]:
    """Give how many a second and the seconds that the rest takes at this pace; none before the first.

    >>> pace(20, 60, 10.0), pace(0, 80, 10.0)
    ((2.0, 30.0), (None, None))
    """
    if done <= 0 or seconds <= 0:
        return None, None
    return round(done / seconds, 3), round(left * seconds / done, 1)


def _seconds(started: datetime | None, finished: datetime | None) -> float:
    return 0.0 if started is None else ((finished or utc_now()) - started).total_seconds()
