"""The tables of what people say: conversations, their turns, and what was thought of answers.

    conversations ── conversation_turns ── runs ── feedback

A turn is a run; runs and their events are in tables.py.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from rag.db.tables import Base, utc_now

__all__ = ["ConversationRow", "FeedbackRow", "TurnRow"]


class ConversationRow(Base):
    """Questions that were asked one after the other."""

    __tablename__ = "conversations"
    __table_args__ = (Index("ix_conversations_owner", "tenant", "owner", "updated_at"),)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    owner: Mapped[str] = mapped_column(String(200))  # the subject that asks
    collection: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200))
    share_token: Mapped[str | None] = mapped_column(String(64), unique=True)  # who has it may read
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class TurnRow(Base):
    """A run's place in a conversation; one that another took the place of stays until both go."""

    __tablename__ = "conversation_turns"
    conversation_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenant: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[str] = mapped_column(String(64), ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    is_replaced: Mapped[bool] = mapped_column(default=False)


class FeedbackRow(Base):
    """What a person thinks of an answer."""

    __tablename__ = "feedback"
    run_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    owner: Mapped[str] = mapped_column(String(200), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    rating: Mapped[str] = mapped_column(String(8))  # up | down
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
