"""The table of what callers did; it only grows."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from rag.db.tables import Base, utc_now

__all__ = ["AuditRow"]


class AuditRow(Base):
    """One request that changed something, asked something, or opened what is kept."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    subject: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(300))
    objects: Mapped[dict[str, Any]]  # Any: JSON, names and ids
    status: Mapped[int]
