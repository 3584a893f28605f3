"""The tables of who is signed in, and of what callers did; the latter only grows."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from rag.db.tables import Base, utc_now

__all__ = ["AuditRow", "SessionRow"]


class SessionRow(Base):
    """Somebody who is signed in; the secret of the browser is not here. One that is over goes."""

    __tablename__ = "sessions"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # for administrators; opens nothing
    tenant: Mapped[str] = mapped_column(String(64))
    owner: Mapped[str] = mapped_column(String(200))  # the subject that is signed in
    digest: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of the secret, hex
    name: Mapped[str]  # for people
    scopes: Mapped[list[str]]
    # Names of collections; none for all of the tenant.
    readable: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    writable: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    terms: Mapped[str] = mapped_column(String(64))  # digest of the settings that it was made under
    id_token: Mapped[str]  # tells the provider whom to sign out
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(index=True)  # unless it is used; later each time it is
    ends_at: Mapped[datetime]


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
