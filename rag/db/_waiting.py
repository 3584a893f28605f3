"""Files of jobs that were not taken in, and that a newer submission or a deletion overtakes.

A file is published under the lock of its job, and so it is cancelled: whoever comes second sees the first.
"""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import ColumnElement, select, true, update
from sqlalchemy.orm import Session

from rag.db._job_status import UNFINISHED, UNSETTLED, outcome
from rag.db.tables import JobFileRow, JobRow, utc_now

__all__ = ["cancel_for_good", "cancel_waiting", "submitted_since"]

_AT_ONCE = 5000  # databases bound the parameters of a query


def cancel_waiting(
    session: Session,
    tenant: str,
    collection: str,
    sources: Sequence[str] | None = None,
    *,
    bases: Collection[str | None] | None = None,
) -> int:
    """Cancel what jobs still have to do of these sources, or of a whole collection; give how many files.

    With bases, sources that are relative to another folder than these are left alone.

    A job that nobody works on ends when nothing is left of it. To be called before other rows are locked:
    a worker locks its job first.
    """
    of_collection = (JobRow.tenant == tenant, JobRow.collection == collection, JobRow.kind == "ingest")
    query = select(JobRow).where(*of_collection, JobRow.state.in_(UNFINISHED)).order_by(JobRow.id)
    jobs = session.scalars(query.with_for_update()).all()
    if not jobs:
        return 0
    waits = JobFileRow.job_id.in_([job.id for job in jobs]) & JobFileRow.state.in_(UNSETTLED)
    cancelled = _cancel(session, waits if bases is None else waits & _is_of(bases), sources)
    for job in jobs:
        if job.id in cancelled and job.state != "running":
            _end_if_settled(session, job)
    return len(cancelled)


def cancel_for_good(
    session: Session, tenant: str, collection: str, sources: Sequence[str] | None = None
) -> int:
    """Cancel as `cancel_waiting` does, and also what failed, so that nothing of it is retried."""
    num_waiting = cancel_waiting(session, tenant, collection, sources)
    of_collection = (JobRow.tenant == tenant, JobRow.collection == collection, JobRow.kind == "ingest")
    is_left = JobFileRow.job_id.in_(select(JobRow.id).where(*of_collection)) & JobFileRow.state.in_(
        (*UNSETTLED, "failed")
    )
    return num_waiting + len(_cancel(session, is_left, sources))


def submitted_since(session: Session, job: JobRow, files: Sequence[JobFileRow]) -> dict[str, str]:
    """Give the sources that later jobs have, too, and the last of those; cancelled ones do not count."""
    later = (
        select(JobFileRow.source, JobRow.id)
        .join(JobRow, JobRow.id == JobFileRow.job_id)
        .where(JobRow.tenant == job.tenant, JobRow.collection == job.collection)
        .where(JobRow.created_at > job.created_at, JobFileRow.state != "cancelled")
        .where(_is_of({file.base for file in files}))
        .order_by(JobRow.created_at)
    )
    found: dict[str, str] = {}
    for some in _some([file.source for file in files]):
        found |= {source: job_id for source, job_id in session.execute(later.where(some))}
    return found


def _cancel(session: Session, chosen: ColumnElement[bool], sources: Sequence[str] | None) -> list[str]:
    """Cancel the chosen files, of these sources; give the job of each."""
    cancelled: list[str] = []
    for some in [true()] if sources is None else _some(sources):
        cancel = (
            update(JobFileRow).where(chosen, some).values(state="cancelled").returning(JobFileRow.job_id)
        )
        cancelled += session.scalars(cancel, execution_options={"synchronize_session": False})
    return cancelled


def _is_of(bases: Collection[str | None]) -> ColumnElement[bool]:
    return JobFileRow.base.is_(None) | JobFileRow.base.in_([base for base in bases if base is not None])


def _some(sources: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    for start in range(0, len(sources), _AT_ONCE):
        yield JobFileRow.source.in_(sources[start : start + _AT_ONCE])


def _end_if_settled(session: Session, job: JobRow) -> None:
    states = set(session.scalars(select(JobFileRow.state).where(JobFileRow.job_id == job.id)))
    if states.isdisjoint(UNSETTLED):
        job.state, job.finished_at = outcome(states, num_unchanged=job.num_unchanged), utc_now()
