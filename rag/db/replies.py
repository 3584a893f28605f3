"""What requests with an idempotency key were answered with, so that asking again changes nothing more.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update

from rag.core.errors import ConflictError, InvalidInputError
from rag.db.http_tables import ReplyRow
from rag.db.session import Database
from rag.db.tables import utc_now

__all__ = ["ReplyLog", "StoredReply"]

_KEPT = timedelta(hours=24)
_ABANDONED = timedelta(hours=1)  # without a reply for so long: the process that worked on it is gone


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply as it was sent; without a body where that must not be kept."""

    status: int
    content_type: str | None
    location: str | None
    body: bytes | None


class ReplyLog:
    """The replies of one tenant, by key."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant

    def begin(self, key: str, request: str) -> StoredReply | None:
        """Take a key for a request, or give the reply that this request had under it.

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
                select(ReplyRow).where(ReplyRow.tenant == self._tenant, ReplyRow.key == _digest(key))
            )
            if row is None:
                session.add(ReplyRow(tenant=self._tenant, key=_digest(key), request=request))
                return None
            if row.request != request:
                raise InvalidInputError(
                    "this idempotency key was sent with another request; each needs a key of its own"
                )
            if row.status is None:
                raise ConflictError("the request with this idempotency key is still worked on; wait for it")
            return StoredReply(row.status, row.content_type, row.location, row.body)

    def finish(self, key: str, reply: StoredReply) -> None:
        """Keep the reply of the request that took the key."""
        with self._database.write() as session:
            session.execute(
                update(ReplyRow)
                .where(ReplyRow.tenant == self._tenant, ReplyRow.key == _digest(key))
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
            session.execute(
                delete(ReplyRow).where(ReplyRow.tenant == self._tenant, ReplyRow.key == _digest(key))
            )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
