"""The tables that serve HTTP clients alone: files kept for later, and replies given before."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from rag.db.tables import Base, utc_now

__all__ = ["FileRow", "ReplyRow", "ResponseRow"]


class FileRow(Base):
    """A file as it was sent, to be attached to collections; its bytes are in the home, under its id."""

    __tablename__ = "files"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    owner: Mapped[str] = mapped_column(String(200), default="local")  # the subject that sent it
    name: Mapped[str]
    purpose: Mapped[str] = mapped_column(String(32))
    num_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)


class ReplyRow(Base):
    """What a request with an idempotency key was answered with; no status while it is worked on."""

    __tablename__ = "replies"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of caller and key, hex
    request: Mapped[str] = mapped_column(String(64))  # SHA-256 of method, address and body, hex
    status: Mapped[int | None]
    content_type: Mapped[str | None] = mapped_column(String(200))
    location: Mapped[str | None]  # while it is worked on: who does
    body: Mapped[bytes | None]  # none of what is shown once
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)  # or renewed


class ResponseRow(Base):
    """What OpenAI's responses know of a run besides its events."""

    __tablename__ = "responses"
    run_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    tenant: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str | None] = mapped_column(String(64))  # the run that it goes on from
    labels: Mapped[dict[str, Any]]  # Any: JSON; what a client notes about it
