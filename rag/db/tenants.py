"""Which tenants there are: for what serves all of them, such as a worker."""

from sqlalchemy import func, select

from rag.db.session import Database
from rag.db.tables import CollectionRow, JobRow

__all__ = ["tenants_with_collections", "tenants_with_jobs"]


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


def tenants_with_collections(database: Database) -> list[str]:
    """List the tenants that have collections."""
    with database.read() as session:
        return list(session.scalars(select(CollectionRow.tenant).distinct().order_by(CollectionRow.tenant)))
