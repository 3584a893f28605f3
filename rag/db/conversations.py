"""Conversations of one person: which runs they are made of, and who else may read them."""

import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, true, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from rag.core.errors import InvalidInputError, NotFoundError
from rag.core.events import AnswerFinished, Event, TokenGenerated
from rag.core.protocols import Message
from rag.db.conversation_tables import ConversationRow, TurnRow
from rag.db.pages import Position, newest_first
from rag.db.replies import forget_replies
from rag.db.runs import RunLog, RunSummary
from rag.db.session import Database
from rag.db.tables import RunRow, utc_now

__all__ = ["ConversationSummary", "ConversationTurn", "Conversations"]

_MAX_TITLE_CHARS = 200
_TITLE_CHARS = 80  # of one that is made of a question
_MAX_HISTORY = 20  # messages; what lies further back no longer bears on a question
_TURNS = select(TurnRow.run_id).join(RunRow, RunRow.id == TurnRow.run_id)
_SHOWN = _TURNS.where(TurnRow.is_replaced.is_(False))
_OF_IT = TurnRow.conversation_id == ConversationRow.id


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation as a list shows it; `share_token` is what a link to it carries, if it has one."""

    conversation_id: str
    title: str
    collection: str
    share_token: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """A question of a conversation and what happened; of one that has ended well, without its tokens."""

    run: RunSummary
    events: list[Event]


class Conversations:
    """Conversations of one person in one tenant; nobody else sees them but by a link.

    Those about a collection that is not readable do not exist, nor does any such turn of another.
    """

    def __init__(
        self,
        database: Database,
        runs: RunLog,
        *,
        tenant: str,
        owner: str,
        readable: Collection[str] | None = None,
    ) -> None:
        """Read and write what belongs to an owner, about the `readable` collections; none means all."""
        self._database = database
        self._runs = runs
        self._tenant = tenant
        self._owner = owner
        self._readable = readable
        self._mine = and_(ConversationRow.tenant == tenant, ConversationRow.owner == owner)
        self._mine &= self._may_read(ConversationRow.collection)

    def create(self, collection: str, *, title: str = "") -> ConversationSummary:
        """Begin a conversation; without a title its first question becomes the title.

        Raises:
            InvalidInputError: the title is too long.
        """
        row = ConversationRow(
            id=uuid.uuid4().hex,
            tenant=self._tenant,
            owner=self._owner,
            collection=collection,
            title=_checked(title),
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            return _summary(row)

    def conversations(
        self, *, limit: int = 50, after: Position | None = None, query: str = ""
    ) -> list[ConversationSummary]:
        """List conversations, the latest first: those behind a position that hold all words.

        Words are looked for in the title and the questions.
        """
        wanted = select(ConversationRow).where(self._mine, *map(self._mentions, query.split()))
        page = newest_first(
            wanted, ConversationRow.updated_at, ConversationRow.id, limit=limit, behind=after
        )
        with self._database.read() as session:
            return [_summary(row) for row in session.scalars(page)]

    def conversation(self, conversation_id: str) -> ConversationSummary:
        """Give one of the owner's conversations.

        Raises:
            NotFoundError: there is none.
        """
        with self._database.read() as session:
            return _summary(self._row(session, conversation_id))

    def shared(self, token: str) -> ConversationSummary:
        """Give the conversation of the tenant that a link leads to.

        Raises:
            NotFoundError: there is none, it is no longer shared, or not all of its turns are readable.
        """
        hidden = _SHOWN.where(_OF_IT, ~self._may_read(RunRow.collection))
        query = select(ConversationRow).where(
            ConversationRow.tenant == self._tenant,
            ConversationRow.share_token == token,
            self._may_read(ConversationRow.collection),
            ~exists(hidden),
        )
        with self._database.read() as session:
            row = session.scalar(query)
            if row is None:
                raise NotFoundError(
                    "this link leads to no conversation; whoever shared it may have ended that"
                )
            return _summary(row)

    def turns(self, conversation_id: str) -> list[ConversationTurn]:
        """Give its readable turns, oldest first; it must be known that the caller may read it."""
        with self._database.read() as session:
            run_ids = session.scalars(
                _SHOWN.where(TurnRow.conversation_id == conversation_id, TurnRow.tenant == self._tenant)
                .where(self._may_read(RunRow.collection))
                .order_by(TurnRow.ordinal)
            ).all()
        return [self._turn(run_id) for run_id in run_ids]

    def history(self, conversation_id: str, *, replaces: str | None = None) -> list[Message]:
        """Give what the next question is read in the light of: answered turns, oldest first.

        Args:
            conversation_id: one of the owner's.
            replaces: the run whose place the next question takes; it and what follows are left out.

        Raises:
            NotFoundError: no such conversation, or the run is not one of its turns.
        """
        self.conversation(conversation_id)
        turns = self.turns(conversation_id)
        if replaces is not None:
            before = [turn.run.run_id for turn in turns]
            if replaces not in before:
                raise NotFoundError(f"run {replaces!r} is no turn of this conversation")
            turns = turns[: before.index(replaces)]
        messages: list[Message] = []
        for turn in turns:
            last = turn.events[-1] if turn.events else None
            if isinstance(last, AnswerFinished) and not last.answer.refused:
                messages += [
                    Message(role="user", content=turn.run.question),
                    Message(role="assistant", content=last.answer.answer),
                ]
        return messages[-_MAX_HISTORY:]

    def add(self, conversation_id: str, run_id: str, *, question: str, replaces: str | None = None) -> None:
        """Put a run at the end, in place of the given one and all that follow it, if any.

        Raises:
            NotFoundError: no such conversation.
        """
        with self._database.write(is_durable=False) as session:
            row = self._row(session, conversation_id, for_update=True)
            row.updated_at = utc_now()
            row.title = row.title or _title_of(question)
            turns = TurnRow.conversation_id == conversation_id
            if replaces is not None:
                first = select(TurnRow.ordinal).where(turns, TurnRow.run_id == replaces).scalar_subquery()
                session.execute(
                    update(TurnRow).where(turns, TurnRow.ordinal >= first).values(is_replaced=True)
                )
            last = session.scalar(select(func.max(TurnRow.ordinal)).where(turns)) or 0
            session.add(
                TurnRow(
                    conversation_id=conversation_id, ordinal=last + 1, tenant=self._tenant, run_id=run_id
                )
            )

    def rename(self, conversation_id: str, title: str) -> ConversationSummary:
        """Give it another title.

        Raises:
            NotFoundError: no such conversation.
            InvalidInputError: the title is blank or too long.
        """
        if not title.strip():
            raise InvalidInputError("a title has 1 to 200 characters, got none")
        with self._database.write() as session:
            row = self._row(session, conversation_id, for_update=True)
            row.title = _checked(title)
            return _summary(row)

    def share(self, conversation_id: str) -> ConversationSummary:
        """Make a link: who has its token may read the conversation; the same token every time.

        Raises:
            NotFoundError: no such conversation.
        """
        with self._database.write() as session:
            row = self._row(session, conversation_id, for_update=True)
            row.share_token = row.share_token or secrets.token_urlsafe(24)
            return _summary(row)

    def unshare(self, conversation_id: str) -> ConversationSummary:
        """Make the link lead nowhere; a later one is another.

        Raises:
            NotFoundError: no such conversation.
        """
        with self._database.write() as session:
            row = self._row(session, conversation_id, for_update=True)
            row.share_token = None
            return _summary(row)

    def delete(self, conversation_id: str) -> int:
        """Delete a conversation with its questions and answers, also those not seen; give their number.

        Raises:
            NotFoundError: no such conversation.
        """
        with self._database.write() as session:
            row = self._row(session, conversation_id, for_update=True)
            run_ids = session.scalars(
                select(TurnRow.run_id).where(TurnRow.conversation_id == conversation_id)
            ).all()
            session.delete(row)
            session.flush()
            session.execute(delete(RunRow).where(RunRow.id.in_(run_ids), RunRow.tenant == self._tenant))
            forget_replies(session, self._tenant, [conversation_id, *run_ids])
        return len(run_ids)

    def _turn(self, run_id: str) -> ConversationTurn:
        events = self._runs.events(run_id)
        if events and isinstance(events[-1], AnswerFinished):
            events = [event for event in events if not isinstance(event, TokenGenerated)]
        return ConversationTurn(self._runs.run(run_id), events)

    def _row(self, session: Session, conversation_id: str, *, for_update: bool = False) -> ConversationRow:
        query = select(ConversationRow).where(ConversationRow.id == conversation_id, self._mine)
        row = session.scalar(query.with_for_update() if for_update else query)
        if row is None:
            raise NotFoundError(f"no conversation {conversation_id!r}")
        return row

    def _may_read(self, collection: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        return true() if self._readable is None else collection.in_(self._readable)

    def _mentions(self, word: str) -> ColumnElement[bool]:
        asked = _TURNS.where(_OF_IT, self._may_read(RunRow.collection))
        asked = asked.where(RunRow.question.icontains(word, autoescape=True))
        return or_(ConversationRow.title.icontains(word, autoescape=True), exists(asked))


def _checked(title: str) -> str:
    title = " ".join(title.split())
    if len(title) > _MAX_TITLE_CHARS:
        raise InvalidInputError(f"a title has at most {_MAX_TITLE_CHARS} characters, got {len(title)}")
    return title


def _title_of(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= _TITLE_CHARS else f"{line[: _TITLE_CHARS - 1].rstrip()}…"


def _summary(row: ConversationRow) -> ConversationSummary:
    return ConversationSummary(
        row.id, row.title, row.collection, row.share_token, row.created_at, row.updated_at
    )
