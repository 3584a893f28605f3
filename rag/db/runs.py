"""The append-only history of questions: runs and their events."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, TypeAdapter
from sqlalchemy import CursorResult, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from rag.core.access import Access
from rag.core.errors import ConflictError, NotFoundError, RunCancelledError
from rag.core.events import Event, RunFailed
from rag.db.pages import Position, newest_first
from rag.db.session import Database
from rag.db.tables import EventRow, RunRow, utc_now

__all__ = ["RunLog", "RunSummary", "insert_events", "last_seq"]

# Built once: to write them anew costs more than to run them.
_INSERT_EVENTS = insert(EventRow)
_CHANGE = (
    update(RunRow)
    .where(RunRow.id == bindparam("of"), RunRow.state.in_(bindparam("before", expanding=True)))
    .values(state=bindparam("to"), finished_at=bindparam("finished"), working_until=bindparam("until"))
)
_UNSTORED = (
    1000  # events that a worker may have shown and not stored, at the most; the last one is behind them
)
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A question and how it ended.

    Its state is running, waiting (for a permission), done, failed, cancelled, interrupted (the process that
    worked on it died), or the limit that it reached: out_of_time, out_of_steps, out_of_tokens.
    """

    run_id: str
    collection: str
    question: str
    state: str
    created_at: datetime
    finished_at: datetime | None


class RunLog:
    """Runs of one caller, or of a tenant.

    A power cut may undo the last seconds of this history, but not that a run waits, nor what was uploaded.
    """

    def __init__(self, database: Database, access: Access, *, silence: timedelta) -> None:
        """Read and write the runs of a tenant.

        Args:
            database: where they are.
            access: whose.
            silence: a run that stored nothing for so long is taken for interrupted.
        """
        self._database = database
        self._tenant = access.tenant
        self._access = access
        # A question is its asker's own; an administrator sees those of the whole tenant.
        self._mine = RunRow.tenant == access.tenant
        if not access.has("admin"):
            self._mine &= RunRow.owner == access.subject
        if access.readable is not None:  # it quotes what it found
            self._mine &= RunRow.collection.in_(access.readable)
        self._silence = silence
        self._change_mine = _CHANGE.where(self._mine)

    def start(self, run_id: str, question: str, collection: str) -> "Future[None]":
        """Open a run."""

        def add(session: Session) -> None:
            session.add(
                RunRow(
                    id=run_id,
                    tenant=self._tenant,
                    collection=collection,
                    owner=self._access.subject,
                    question=question,
                    state="running",
                    working_until=utc_now() + self._silence,
                )
            )

        return self._database.write_soon(add)

    def append(self, run_id: str, events: Sequence[Event]) -> "Future[None]":
        """Store events of a run that is worked on in one commit; their sequence numbers go on.

        The future raises RunCancelledError when somebody has ended or erased the run: nothing is stored.
        """
        return self.finish(run_id, "running", events)

    def finish(self, run_id: str, state: str, events: Sequence[Event] = ()) -> "Future[None]":
        """Store the last events and say how the run ended, or that it waits.

        The future raises RunCancelledError when somebody has ended or erased the run: nothing is stored.
        """

        def end(session: Session) -> None:
            if not self._changed(session, run_id, state, ["running"]):
                raise RunCancelledError(f"run {run_id} was cancelled or erased")
            insert_events(session, self._tenant, run_id, events)

        return self._database.write_soon(end, is_durable=state == "waiting")

    def resume(self, run_id: str) -> None:
        """Take up a run that waits; of several that try, one does.

        Raises:
            NotFoundError: no such run.
            ConflictError: it does not wait.
        """
        self._change(run_id, "running", ["waiting"], "waits for no permission")

    def cancel(self, run_id: str) -> None:
        """End a run that is worked on, at its next step at the latest, or one that waits.

        Its last event says so; what its worker has not stored by now is never stored.

        Raises:
            NotFoundError: no such run.
            ConflictError: it has ended.
        """
        self._change(run_id, "cancelled", ["running", "waiting"], "has ended")

    def _change(self, run_id: str, state: str, before: Sequence[str], fault: str) -> None:
        with self._database.write() as session:
            is_changed = self._changed(session, run_id, state, before)
            if is_changed and state == "cancelled":
                said = f"run {run_id} was cancelled"
                error = RunFailed(last_seq(session, run_id), "RunCancelledError", said)
                insert_events(session, self._tenant, run_id, [error])
        if not is_changed:
            raise ConflictError(f"run {run_id} {fault}: it is {self.run(run_id).state}")

    def _changed(self, session: Session, run_id: str, state: str, before: Sequence[str]) -> bool:
        is_open = state in ("running", "waiting")
        # On the connection: by way of the session the same statement costs three times as much.
        result = session.connection().execute(
            self._change_mine,
            {
                "of": run_id,
                "before": before,
                "to": state,
                "finished": None if is_open else utc_now(),
                "until": utc_now() + self._silence if state == "running" else None,
            },
        )
        assert isinstance(result, CursorResult)
        return result.rowcount == 1

    def run(self, run_id: str) -> RunSummary:
        """Give a run.

        Raises:
            NotFoundError: no such run.
        """
        with self._database.read() as session:
            row = session.scalar(select(RunRow).where(RunRow.id == run_id, self._mine))
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

    def runs(self, limit: int = 20, *, after: Position | None = None) -> list[RunSummary]:
        """List runs, newest first; those behind a position."""
        mine = select(RunRow).where(self._mine)
        page = newest_first(mine, RunRow.created_at, RunRow.id, limit=limit, behind=after)
        with self._database.read() as session:
            return [_summary(row) for row in session.scalars(page)]


def insert_events(session: Session, tenant: str, run_id: str, events: Sequence[Event]) -> None:
    """Store events of a run."""
    rows = [
        {
            "run_id": run_id,
            "seq": event.seq,
            "tenant": tenant,
            "type": event.type,
            "body": _EVENT.dump_json(event).decode(),
        }
        for event in events
    ]
    if rows:
        session.connection().execute(_INSERT_EVENTS, rows)


def last_seq(session: Session, run_id: str) -> int:
    """Give the number of an event that ends a run from elsewhere: behind all that its worker has shown."""
    stored = session.scalar(select(func.max(EventRow.seq)).where(EventRow.run_id == run_id))
    return (stored or 0) + _UNSTORED


def _summary(row: RunRow) -> RunSummary:
    is_dead = row.state == "running" and row.working_until is not None and row.working_until < utc_now()
    state = "interrupted" if is_dead else row.state
    return RunSummary(row.id, row.collection, row.question, state, row.created_at, row.finished_at)
