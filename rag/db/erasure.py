"""Removing without a trace: what quotes a document, what belongs to a person, and the bytes of both.

A delete makes rows unfindable. Here the places are visited that keep the words nevertheless: events and
replies that quote them, rows of segments that are dead, and pages of the database's file that are free.
"""

import os
from collections.abc import Sequence

from sqlalchemy import Delete, Table, delete, select, update

from rag.core.access import Access
from rag.core.errors import NotFoundError
from rag.core.events import RunFailed
from rag.core.protocols import Store
from rag.db._queries import current_versions
from rag.db._segments import SEGMENTS, SegmentLoad, segment_loads
from rag.db.access_tables import AuditRow
from rag.db.conversation_tables import ConversationRow, TurnRow
from rag.db.http_tables import FileRow, ReplyRow
from rag.db.runs import insert_events, last_seq
from rag.db.session import Database
from rag.db.tables import (
    Base,
    CollectionRow,
    DocumentRow,
    EventRow,
    IndexRow,
    JobFileRow,
    JobRow,
    KeyRow,
    RunRow,
    SegmentRow,
    utc_now,
)

__all__ = ["Eraser"]

_ERASED = "erased"
_MEANWHILE = "a document of the collection was erased while this was worked on; ask again"


class Eraser:
    """What an administrator of a tenant has removed without a trace."""

    def __init__(self, database: Database, store: Store, access: Access) -> None:
        self._database = database
        self._store = store
        self._access = access
        self._tenant = access.tenant

    def home_of(self, document_id: str) -> tuple[str, str]:
        """Give the collection and the source of a document.

        Raises:
            NotFoundError: no such document.
            ForbiddenError: the caller may only read its collection.
        """
        with self._database.read() as session:
            found = session.execute(
                current_versions(self._access).where(DocumentRow.id == document_id)
            ).one_or_none()
            if found is None:
                raise NotFoundError(f"no document {document_id!r}; `rag documents` lists what there is")
            collection = session.get_one(CollectionRow, found[0].collection_id).name
        self._access.check_write(collection)
        return collection, found[0].source

    def forget_files(self, collection: str, source: str, *document_ids: str) -> list[str]:
        """Remove a source and its documents from the files of jobs; give where bytes may still be kept."""
        with self._database.write() as session:
            jobs = select(JobRow.id).where(JobRow.tenant == self._tenant, JobRow.collection == collection)
            is_it = JobFileRow.job_id.in_(jobs) & (
                (JobFileRow.source == source) | JobFileRow.document_id.in_(document_ids)
            )
            paths = [os.fsdecode(path) for path in session.scalars(select(JobFileRow.path).where(is_it))]
            session.execute(delete(JobFileRow).where(is_it))
            return paths

    def segments(self, collection: str) -> list[list[SegmentLoad]]:
        """List a collection's segments, index by index; none of a collection that is gone."""
        with self._database.read() as session:
            indexes = session.scalars(
                select(IndexRow.id)
                .join(CollectionRow, CollectionRow.id == IndexRow.collection_id)
                .where(CollectionRow.tenant == self._tenant, CollectionRow.name == collection)
            ).all()
            return [segment_loads(session, index_id) for index_id in indexes]

    def drop_segments(self, segment_ids: Sequence[str]) -> None:
        """Remove those of these segments that nothing names any more, however young they are."""
        with self._database.write() as session:
            self._database.lock(session, SEGMENTS)
            named = list(session.scalars(select(SegmentRow.id)))
            self._store.drop(segment_ids, keep=named, session=session)

    def end_runs(self, collection: str) -> list[str]:
        """End what is worked on or waits in a collection: it may hold what was erased. Give these runs.

        Of each its question stays, and a last event that says why; its worker can store nothing more.
        """
        is_open = RunRow.state.in_(("running", "waiting"))
        end = (
            update(RunRow)
            .where(RunRow.tenant == self._tenant, RunRow.collection == collection, is_open)
            .values(state="failed", finished_at=utc_now(), working_until=None)
            .returning(RunRow.id)
        )
        with self._database.write() as session:
            run_ids = list(session.scalars(end))
            for run_id in run_ids:
                seq = last_seq(session, run_id)
                is_said = EventRow.type != "run.started"
                session.execute(delete(EventRow).where(EventRow.run_id == run_id, is_said))
                insert_events(session, self._tenant, run_id, [RunFailed(seq, "ConflictError", _MEANWHILE)])
        return run_ids

    def runs_that_quote(self, document_id: str) -> list[str]:
        """List the runs whose events name a document."""
        with self._database.read() as session:
            return list(
                session.scalars(
                    select(EventRow.run_id)
                    .where(EventRow.tenant == self._tenant, EventRow.body.contains(document_id))
                    .distinct()
                )
            )

    def runs_in(self, conversation_id: str) -> list[str]:
        """List the runs of a conversation, whoever's it is, also those that others took the place of.

        Raises:
            NotFoundError: no such conversation.
        """
        is_it = (ConversationRow.tenant == self._tenant) & (ConversationRow.id == conversation_id)
        with self._database.read() as session:
            if session.scalar(select(ConversationRow.id).where(is_it)) is None:
                raise NotFoundError(f"no conversation {conversation_id!r}")
            query = select(TurnRow.run_id).where(TurnRow.conversation_id == conversation_id)
            return list(session.scalars(query))

    def runs_of(self, subject: str) -> list[str]:
        """List the runs that somebody asked."""
        with self._database.read() as session:
            query = select(RunRow.id).where(RunRow.tenant == self._tenant, RunRow.owner == subject)
            return list(session.scalars(query))

    def files_of(self, subject: str) -> list[str]:
        """List the files that somebody sent."""
        with self._database.read() as session:
            query = select(FileRow.id).where(FileRow.tenant == self._tenant, FileRow.owner == subject)
            return list(session.scalars(query))

    def erase_runs(self, run_ids: Sequence[str]) -> None:
        """Remove runs with their events, and all replies that are kept for repeated requests."""
        with self._database.write() as session:
            session.execute(delete(RunRow).where(RunRow.tenant == self._tenant, RunRow.id.in_(run_ids)))
            session.execute(delete(ReplyRow).where(ReplyRow.tenant == self._tenant))

    def erase_conversation(self, conversation_id: str) -> None:
        """Remove a conversation and its turns; their runs are removed as runs."""
        with self._database.write() as session:
            session.execute(
                delete(ConversationRow).where(
                    ConversationRow.tenant == self._tenant, ConversationRow.id == conversation_id
                )
            )

    def erase_subject(self, subject: str) -> None:
        """Remove what is somebody's in any table; keys become nobody's, and the audit log names nobody."""
        with self._database.write() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if "owner" in table.columns:
                    session.execute(_of(table, self._tenant, subject))
            session.execute(delete(ReplyRow).where(ReplyRow.tenant == self._tenant))
            # They stay, so that their being gone does not open the server to everybody.
            session.execute(
                update(KeyRow)
                .where(KeyRow.tenant == self._tenant, KeyRow.subject == subject)
                .values(name=_ERASED, subject=_ERASED, digest="", revoked_at=utc_now())
            )
            session.execute(
                update(AuditRow)
                .where(AuditRow.tenant == self._tenant, AuditRow.subject == subject)
                .values(subject=_ERASED)
            )

    def shred(self) -> None:
        """Have the database write its files anew, without what is no longer in them.

        Raises:
            UnavailableError: somebody kept it locked.
        """
        self._database.vacuum()


def _of(table: Table, tenant: str, subject: str) -> Delete:
    return delete(table).where(table.c.tenant == tenant, table.c.owner == subject)
