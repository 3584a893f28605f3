"""The append-only history of questions: runs and their events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, TypeAdapter
from sqlalchemy import insert, select, update

from rag.core.errors import NotFoundError
from rag.core.events import Event
from rag.db.session import Database
from rag.db.tables import EventRow, RunRow, utc_now

__all__ = ["RunLog", "RunSummary"]

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A question and how it ended: running, done, failed or cancelled."""

    run_id: str
    collection: str
    question: str
    state: str
    created_at: datetime
    finished_at: datetime | None


class RunLog:
    """Runs of one tenant."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant

    def start(self, run_id: str, question: str, collection: str) -> None:
        """Open a run."""
        with self._database.write() as session:
            session.add(
                RunRow(
                    id=run_id,
                    tenant=self._tenant,
                    collection=collection,
                    question=question,
                    state="running",
                )
            )

    def append(self, run_id: str, events: Sequence[Event]) -> None:
        """Store events in one commit; their sequence numbers go on from the stored ones."""
        rows = [
            {
                "run_id": run_id,
                "seq": event.seq,
                "tenant": self._tenant,
                "type": event.type,
                "body": _EVENT.dump_json(event).decode(),
            }
            for event in events
        ]
        if rows:
            with self._database.write() as session:
                session.execute(insert(EventRow), rows)

    def finish(self, run_id: str, state: str) -> None:
        """Close a run."""
        with self._database.write() as session:
            session.execute(
                update(RunRow)
                .where(RunRow.id == run_id, RunRow.tenant == self._tenant)
                .values(state=state, finished_at=utc_now())
            )

    def run(self, run_id: str) -> RunSummary:
        """Give a run.

        Raises:
            NotFoundError: no such run.
        """
        with self._database.read() as session:
            row = session.scalar(select(RunRow).where(RunRow.id == run_id, RunRow.tenant == self._tenant))
        if row is None:
            raise NotFoundError(f"no run {run_id!r}; `rag runs` lists what there is")
        return _summary(row)

    def events(self, run_id: str, *, after: int = 0) -> list[Event]:
        """Give a run's events behind a sequence number, in order.

        Raises:
            NotFoundError: no such run.
        """
        self.run(run_id)
        query = (
            select(EventRow.body)
            .where(EventRow.run_id == run_id, EventRow.tenant == self._tenant, EventRow.seq > after)
            .order_by(EventRow.seq)
        )
        with self._database.read() as session:
            return [_EVENT.validate_json(body) for body in session.scalars(query)]

    def runs(self, limit: int = 20) -> list[RunSummary]:
        """List runs, newest first."""
        query = select(RunRow).where(RunRow.tenant == self._tenant).order_by(RunRow.created_at.desc())
        with self._database.read() as session:
            return [_summary(row) for row in session.scalars(query.limit(limit))]


def _summary(row: RunRow) -> RunSummary:
    return RunSummary(row.id, row.collection, row.question, row.state, row.created_at, row.finished_at)
