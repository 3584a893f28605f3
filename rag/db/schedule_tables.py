"""The table of what is synchronised again and again, beside those of `rag/db/tables.py`."""

from datetime import datetime

from sqlalchemy import String, false
from sqlalchemy.orm import Mapped, mapped_column

from rag.db.tables import Base, utc_now

__all__ = ["ScheduleRow"]


class ScheduleRow(Base):
    """A source that is synchronised again and again; leased like a job while a worker lists it."""

    __tablename__ = "schedules"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    collection: Mapped[str] = mapped_column(String(200))
    places: Mapped[list[str]]
    base: Mapped[str]  # the folder that paths are relative to
    timing: Mapped[str]  # "every 900 s", or a cron expression
    next_run_at: Mapped[datetime] = mapped_column(index=True)
    worker: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    last_run_at: Mapped[datetime | None]
    last_job_id: Mapped[str | None] = mapped_column(String(64))
    last_result: Mapped[str | None]
    is_paused: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
