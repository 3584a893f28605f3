"""What OpenAI's responses know of runs besides their events: which run one goes on from, and labels."""

from collections.abc import Mapping

from sqlalchemy import select

from rag.core.errors import InvalidInputError
from rag.core.events import AnswerFinished, RunStarted
from rag.core.generation import Message
from rag.db.http_tables import ResponseRow
from rag.db.runs import RunLog
from rag.db.session import Database

__all__ = ["ResponseLog"]

_MAX_TURNS = 100


class ResponseLog:
    """The responses of one tenant."""

    def __init__(self, database: Database, runs: RunLog, tenant: str) -> None:
        self._database = database
        self._runs = runs
        self._tenant = tenant

    def add(self, run_id: str, *, previous: str | None, labels: Mapping[str, str]) -> None:
        """Note a run that was begun as a response."""
        row = ResponseRow(run_id=run_id, tenant=self._tenant, previous=previous, labels=dict(labels))
        with self._database.write(is_durable=False) as session:
            session.add(row)

    def response(self, run_id: str) -> tuple[str | None, dict[str, str]]:
        """Give the run that a response goes on from, and its labels; of another run neither."""
        query = select(ResponseRow).where(ResponseRow.run_id == run_id, ResponseRow.tenant == self._tenant)
        with self._database.read() as session:
            row = session.scalar(query)
        return (None, {}) if row is None else (row.previous, dict(row.labels))

    def history(self, run_id: str) -> list[Message]:
        """Give the turns up to and with a run, oldest first; at most the last hundred.

        Raises:
            NotFoundError: no such run.
            InvalidInputError: it has no answer.
        """
        turns: list[Message] = []
        last: str | None = run_id
        while last is not None and len(turns) < 2 * _MAX_TURNS:
            events = self._runs.events(last)
            if not events or not isinstance(events[-1], AnswerFinished):
                raise InvalidInputError(f"response {last} has no answer to go on from")
            first = events[0]
            assert isinstance(first, RunStarted), "a run's first event says how it was asked"
            turns += [Message("assistant", events[-1].answer.answer), Message("user", first.question)]
            last = self.response(last)[0]
        return turns[::-1]
