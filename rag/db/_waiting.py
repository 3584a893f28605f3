"""Files of jobs that were not taken in yet, and that a newer submission or a deletion overtakes.

A file is published under the lock of its job, and so it is cancelled: whoever comes second sees the first.
"""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rag.db._job_status import UNFINISHED, UNSETTLED, outcome
from rag.db.tables import JobFileRow, JobRow, utc_now

__all__ = ["cancel_waiting"]

_AT_ONCE = 5000  # databases bound the parameters of a query


def cancel_waiting(
    session: Session, tenant: str, collection: str, sources: Sequence[str] | None = None
) -> int:
    """Cancel what jobs still have to do of these sources, or of a whole collection; give how many files.

    A job that nobody works on ends when nothing is left of it. To be called before other rows are locked:
    a worker locks its job first.
    """
    of_collection = (JobRow.tenant == tenant, JobRow.collection == collection, JobRow.kind == "ingest")
    query = select(JobRow).where(*of_collection, JobRow.state.in_(UNFINISHED)).order_by(JobRow.id)
    jobs = session.scalars(query.with_for_update()).all()
    if not jobs:
        return 0
    waits = JobFileRow.job_id.in_([job.id for job in jobs]) & JobFileRow.state.in_(UNSETTLED)
    chosen = [waits]
    if sources is not None:
        starts = range(0, len(sources), _AT_ONCE)
        chosen = [waits & JobFileRow.source.in_(sources[start : start + _AT_ONCE]) for start in starts]
    cancelled: list[str] = []
    for some in chosen:
        cancel = update(JobFileRow).where(some).values(state="cancelled").returning(JobFileRow.job_id)
        cancelled += session.scalars(cancel, execution_options={"synchronize_session": False})
    for job in jobs:
        if job.id in cancelled and job.state != "running":
            _end_if_settled(session, job)
    return len(cancelled)


def _end_if_settled(session: Session, job: JobRow) -> None:
    states = set(session.scalars(select(JobFileRow.state).where(JobFileRow.job_id == job.id)))
    if states.isdisjoint(UNSETTLED):
        job.state, job.finished_at = outcome(states), utc_now()
