"""Sessions: who is signed in, with which browser, until when.

A browser shows a secret of 256 random bits; its SHA-256 is kept. A session that is over has no row.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select, update

from rag.core.access import Access
from rag.core.errors import NotFoundError, UnauthenticatedError
from rag.core.oidc_settings import OidcSettings
from rag.db._digests import digest_of
from rag.db.access_tables import SessionRow
from rag.db.session import Database
from rag.db.tables import utc_now

__all__ = ["Session", "SessionRegister", "Sessions", "SignedIn"]

_NOTED_SECONDS = 60  # a session that was used less long ago is not written anew


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is listed."""

    session_id: str
    subject: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime  # unless it is used
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a browser's secret stands for."""

    session_id: str
    name: str
    access: Access


class Sessions:
    """What browsers show: made, looked up and ended, of all tenants."""

    def __init__(self, database: Database, settings: OidcSettings) -> None:
        self._database = database
        self._terms = settings.terms
        self._length = timedelta(seconds=settings.session_seconds)
        self._idle = timedelta(seconds=settings.idle_seconds)

    def begin(self, access: Access, *, name: str, id_token: str) -> tuple[str, SignedIn]:
        """Sign somebody in, and give the secret that the browser is to show; it is not kept here."""
        now, secret = utc_now(), secrets.token_urlsafe(32)
        row = SessionRow(
            id=secrets.token_hex(6),
            tenant=access.tenant,
            owner=access.subject,
            digest=digest_of(secret),
            name=name,
            scopes=sorted(access.scopes),
            readable=None if access.readable is None else sorted(access.readable),
            writable=None if access.writable is None else sorted(access.writable),
            terms=self._terms,
            id_token=id_token,
            created_at=now,
            expires_at=now + min(self._idle, self._length),
            ends_at=now + self._length,
        )
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
            session.add(row)
        return secret, SignedIn(row.id, name, access)

    def find(self, secret: str) -> SignedIn:
        """Give who shows this secret, and keep the session from being over for want of use.

        Raises:
            UnauthenticatedError: there is no such session, or no longer.
        """
        now = utc_now()
        with self._database.read() as session:
            row = session.scalar(_with(secret))
        if row is None or row.expires_at <= now or row.terms != self._terms:
            raise UnauthenticatedError("you are no longer signed in; sign in again")
        expires_at = min(now + self._idle, row.ends_at)
        if expires_at - row.expires_at > timedelta(seconds=_NOTED_SECONDS):
            used = update(SessionRow).where(SessionRow.id == row.id).values(expires_at=expires_at)
            with self._database.write(is_durable=False) as session:
                session.execute(used)
        names = [None if some is None else frozenset(some) for some in (row.readable, row.writable)]
        return SignedIn(row.id, row.name, Access(row.tenant, row.owner, frozenset(row.scopes), *names))

    def end(self, secret: str) -> str | None:
        """Make the session with this secret be over, and give its ID token; none where it is already."""
        with self._database.write() as session:
            row = session.scalar(_with(secret))
            if row is None:
                return None
            session.delete(row)
            return row.id_token


class SessionRegister:
    """The sessions of one tenant, for its administrators."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._tenant = access.tenant

    def sessions(self, limit: int = 100, *, after: str | None = None) -> list[Session]:
        """List those that are not over by id, those behind the given one."""
        is_one = (SessionRow.tenant == self._tenant) & (SessionRow.expires_at > utc_now())
        query = select(SessionRow).where(is_one).order_by(SessionRow.id)
        if after is not None:
            query = query.where(SessionRow.id > after)
        with self._database.read() as session:
            return [_listed(row) for row in session.scalars(query.limit(limit))]

    def is_signed_in(self, subject: str) -> bool:
        """Tell whether somebody has a session, be it over or not."""
        query = select(SessionRow.id).where(SessionRow.tenant == self._tenant, SessionRow.owner == subject)
        with self._database.read() as session:
            return session.scalar(query.limit(1)) is not None

    def revoke(self, session_id: str) -> Session:
        """Make a session be over at once.

        Raises:
            NotFoundError: no such session, or it is over already.
        """
        with self._database.write() as session:
            row = session.scalar(
                select(SessionRow).where(SessionRow.id == session_id, SessionRow.tenant == self._tenant)
            )
            if row is None:
                raise NotFoundError(f"no session {session_id!r}; `rag sessions list` lists what there is")
            session.delete(row)
            return _listed(row)


def _with(secret: str) -> Select[SessionRow]:
    # Looked up by the digest: how long that takes tells nothing of the secret.
    return select(SessionRow).where(SessionRow.digest == digest_of(secret))


def _listed(row: SessionRow) -> Session:
    return Session(
        row.id, row.owner, row.name, list(row.scopes), row.created_at, row.expires_at, row.ends_at
    )
