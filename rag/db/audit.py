"""What was done, by whom, to what, and how it ended: written once and never changed.

It names things by their ids and holds nothing of what was asked or answered.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.db.access_tables import AuditRow
from rag.db.session import Database

__all__ = ["AuditEntry", "AuditLog"]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did, or was kept from doing."""

    seq: int
    at: datetime
    subject: str
    action: str  # method and route, "DELETE /api/v1/documents/{document_id}"
    objects: dict[str, str]  # what the address names
    status: int


class AuditLog:
    """The log of one tenant."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def record(self, action: str, objects: Mapping[str, str], status: int) -> "Future[None]":
        """Note what the caller did; a power cut may undo the last second of it."""

        def add(session: Session) -> None:
            session.add(
                AuditRow(
                    tenant=self._access.tenant,
                    subject=self._access.subject,
                    action=action,
                    objects=dict(objects),
                    status=status,
                )
            )

        return self._database.write_soon(add)

    def entries(self, limit: int = 100, *, before: int | None = None) -> list[AuditEntry]:
        """List entries, newest first, those before the given number."""
        query = select(AuditRow).where(AuditRow.tenant == self._access.tenant)
        if before is not None:
            query = query.where(AuditRow.seq < before)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(AuditRow.seq.desc()).limit(limit))
            return [
                AuditEntry(row.seq, row.at, row.subject, row.action, dict(row.objects), row.status)
                for row in rows
            ]
