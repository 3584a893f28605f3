"""What people think of answers: one judgement of a run by each person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, select

from rag.core.errors import NotFoundError
from rag.db.conversation_tables import FeedbackRow
from rag.db.pages import Position, newest_first
from rag.db.runs import RunLog
from rag.db.session import Database
from rag.db.tables import RunRow, utc_now

__all__ = ["Feedback", "FeedbackLog", "Rating"]

Rating = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """A judgement of an answer."""

    run_id: str
    question: str
    collection: str
    rating: str  # up or down
    reason: str
    created_at: datetime


class FeedbackLog:
    """Judgements in one tenant; a person judges what it asked."""

    def __init__(self, database: Database, runs: RunLog, *, tenant: str, owner: str) -> None:
        """Read and write for an owner; `judgements` gives those of the whole tenant."""
        self._database = database
        self._runs = runs
        self._tenant = tenant
        self._owner = owner

    def give(self, run_id: str, rating: Rating, reason: str) -> Feedback:
        """Judge a run, in place of what the same person thought before.

        Raises:
            NotFoundError: no such run.
        """
        run = self._runs.run(run_id)
        row = FeedbackRow(
            run_id=run_id,
            owner=self._owner,
            tenant=self._tenant,
            rating=rating,
            reason=reason.strip(),
            created_at=utc_now(),
        )
        with self._database.write() as session:
            session.merge(row)
        return Feedback(run_id, run.question, run.collection, row.rating, row.reason, row.created_at)

    def withdraw(self, run_id: str) -> None:
        """Take a judgement back.

        Raises:
            NotFoundError: there is none.
        """
        with self._database.write() as session:
            gone = session.execute(
                delete(FeedbackRow)
                .where(FeedbackRow.run_id == run_id, FeedbackRow.owner == self._owner)
                .where(FeedbackRow.tenant == self._tenant)
                .returning(FeedbackRow.run_id)
            ).first()
        if gone is None:
            raise NotFoundError(f"run {run_id!r} has no feedback of yours")

    def of(self, run_ids: list[str]) -> dict[str, Rating]:
        """Give the owner's own judgements of these runs."""
        query = select(FeedbackRow.run_id, FeedbackRow.rating).where(
            FeedbackRow.tenant == self._tenant,
            FeedbackRow.owner == self._owner,
            FeedbackRow.run_id.in_(run_ids),
        )
        with self._database.read() as session:
            return {run_id: "up" if rating == "up" else "down" for run_id, rating in session.execute(query)}

    def judgements(self, *, limit: int = 100, after: Position | None = None) -> list[Feedback]:
        """List the judgements of the tenant, newest first; those behind a position."""
        query = (
            select(FeedbackRow, RunRow.question, RunRow.collection)
            .join(RunRow, RunRow.id == FeedbackRow.run_id)
            .where(FeedbackRow.tenant == self._tenant)
        )
        page = newest_first(query, FeedbackRow.created_at, FeedbackRow.run_id, limit=limit, behind=after)
        with self._database.read() as session:
            return [
                Feedback(row.run_id, question, collection, row.rating, row.reason, row.created_at)
                for row, question, collection in session.execute(page)
            ]
