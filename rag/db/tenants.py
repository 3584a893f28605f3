"""Which tenants there are: for what serves all of them, such as a worker."""

from sqlalchemy import func, select

from rag.db.schedule_tables import ScheduleRow
from rag.db.session import Database
from rag.db.tables import CollectionRow, JobRow, utc_now

__all__ = ["tenants_with_collections", "tenants_with_due_schedules", "tenants_with_jobs"]


def tenants_with_jobs(database: Database) -> list[str]:
    """List the tenants that have jobs to run, who has waited longest first."""
    query = (
        select(JobRow.tenant)
        .where(JobRow.state.in_(("queued", "running")))
        .group_by(JobRow.tenant)
        .order_by(func.min(JobRow.created_at))
    )
    with database.read() as session:
        return list(session.scalars(query))


def tenants_with_due_schedules(database: Database) -> list[str]:
    """List the tenants that have something due to synchronise, what is due for longest first."""
    query = (
        select(ScheduleRow.tenant)
        .where(ScheduleRow.next_run_at <= utc_now())
        .group_by(ScheduleRow.tenant)
        .order_by(func.min(ScheduleRow.next_run_at))
    )
    with database.read() as session:
        return list(session.scalars(query))


def tenants_with_collections(database: Database) -> list[str]:
    """List the tenants that have collections."""
    with database.read() as session:
        return list(session.scalars(select(CollectionRow.tenant).distinct().order_by(CollectionRow.tenant)))
