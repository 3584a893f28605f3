"""What requests with an idempotency key were answered with, so that asking again changes nothing more.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from rag.core.errors import ConflictError, InvalidInputError
from rag.db._digests import digest_of
from rag.db.http_tables import ReplyRow
from rag.db.session import Database
from rag.db.tables import utc_now

__all__ = ["RENEWED_SECONDS", "ReplyLog", "StoredReply", "forget_replies"]

RENEWED_SECONDS = 10.0
"""So often does who works on a request say so."""
_KEPT = timedelta(hours=24)
_ABANDONED = timedelta(minutes=1)  # not renewed for so long: the process that worked on it is gone


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply as it was sent; without a body where that must not be kept."""

    status: int
    content_type: str | None
    location: str | None
    body: bytes | None


class ReplyLog:
    """The replies of one tenant, by key, as one worker reads and writes them."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant
        self._worker = uuid4().hex

    def begin(self, key: str, request: str) -> StoredReply | None:
        """Take a key for a request, or give the reply that this request had under it.

        Who has taken it renews it every `RENEWED_SECONDS`; else another may take it.

        Args:
            key: of the caller and of its own.
            request: what tells one request from another: a hash, 64 characters.

        Raises:
            InvalidInputError: the key was another request's.
            ConflictError: the request is still worked on.
        """
        now = utc_now()
        is_old = (ReplyRow.created_at < now - _KEPT) | (
            ReplyRow.status.is_(None) & (ReplyRow.created_at < now - _ABANDONED)
        )
        with self._database.write() as session:
            self._database.lock(session, "replies")
            session.execute(delete(ReplyRow).where(is_old))
            row = session.scalar(
                select(ReplyRow).where(ReplyRow.tenant == self._tenant, ReplyRow.key == digest_of(key))
            )
            if row is None:
                taken = ReplyRow(tenant=self._tenant, key=digest_of(key), request=request)
                taken.location = self._worker
                session.add(taken)
                return None
            if row.request != request:
                raise InvalidInputError(
                    "this idempotency key was sent with another request; each needs a key of its own"
                )
            if row.status is None:
                raise ConflictError("the request with this idempotency key is still worked on; wait for it")
            return StoredReply(row.status, row.content_type, row.location, row.body)

    def renew(self, key: str) -> None:
        """Keep the key for as long again."""
        with self._database.write(is_durable=False) as session:
            session.execute(update(ReplyRow).where(self._is_own(key)).values(created_at=utc_now()))

    def finish(self, key: str, reply: StoredReply) -> None:
        """Keep the reply of the request that took the key, unless the key is another's by now."""
        with self._database.write() as session:
            session.execute(
                update(ReplyRow)
                .where(self._is_own(key))
                .values(
                    status=reply.status,
                    content_type=reply.content_type,
                    location=reply.location,
                    body=reply.body,
                )
            )

    def release(self, key: str) -> None:
        """Give up a key whose request changed nothing, so that it can be tried again."""
        with self._database.write() as session:
            session.execute(delete(ReplyRow).where(self._is_own(key)))

    def _is_own(self, key: str) -> ColumnElement[bool]:
        is_it = (ReplyRow.tenant == self._tenant) & (ReplyRow.key == digest_of(key))
        return is_it & ReplyRow.status.is_(None) & (ReplyRow.location == self._worker)


def forget_replies(session: Session, tenant: str, names: Sequence[str]) -> None:
    """Remove the replies of a tenant that hold one of these ids; the requests may then be done again."""
    sought = [name.encode() for name in names]
    kept = select(ReplyRow.key, ReplyRow.body).where(ReplyRow.tenant == tenant, ReplyRow.body.is_not(None))
    keys = [key for key, body in session.execute(kept) if any(name in (body or b"") for name in sought)]
    session.execute(delete(ReplyRow).where(ReplyRow.tenant == tenant, ReplyRow.key.in_(keys)))
