"""Keys: made, listed, revoked, and what the one that a caller shows is good for now.

A secret is 256 random bits, so that its plain SHA-256 gives nothing away; it is shown once and not kept.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from rag.core.access import SCOPES, Access, subject_of_user
from rag.core.errors import InvalidInputError, NotFoundError, UnauthenticatedError
from rag.db._digests import digest_of
from rag.db.session import Database
from rag.db.tables import KeyRow, utc_now

__all__ = ["ApiKey", "Keyring", "NewKey", "access_of", "has_keys"]

_PREFIX = "grove_"
_KEY = re.compile(rf"{_PREFIX}([0-9a-f]{{12}})_[\w-]{{43}}", re.ASCII)
_NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is listed; `prefix` is how it begins."""

    key_id: str
    prefix: str
    name: str
    subject: str
    scopes: list[str]
    collections: list[str] | None  # that it may use; none for all of the tenant
    state: str  # valid, expired or revoked
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, with the one copy of its secret."""

    secret: str
    key: ApiKey


class Keyring:
    """The keys of one tenant."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._tenant = access.tenant

    def create(
        self,
        name: str,
        *,
        scopes: Sequence[str],
        collections: Sequence[str] | None = None,
        user: str | None = None,
        expires_at: datetime | None = None,
    ) -> NewKey:
        """Make a key.

        Args:
            name: for people.
            scopes: what it is good for.
            collections: the only ones that it may use, whether they exist yet or not.
            user: whose questions those asked with it are; by default the key's own.
            expires_at: when it stops to be valid.

        Raises:
            InvalidInputError: no name, no such scope, no name of a user, a time that is past, or an
                administrator of some collections only.
        """
        self._check(name, scopes, expires_at)
        if collections is not None and "admin" in scopes:
            raise InvalidInputError(
                "an administrator's key is for the whole tenant; leave out the collections, or the scope"
                " 'admin'"
            )
        key_id = secrets.token_hex(6)
        secret = f"{_PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
        row = KeyRow(
            id=key_id,
            tenant=self._tenant,
            name=name,
            digest=digest_of(secret),
            subject=f"key:{key_id}" if user is None else subject_of_user(user),
            scopes=[scope for scope in SCOPES if scope in scopes],
            collections=None if collections is None else sorted(set(collections)),
            created_at=utc_now(),
            expires_at=expires_at,
        )
        with self._database.write() as session:
            session.add(row)
        return NewKey(secret, _key(row))

    def keys(self, limit: int = 100, *, after: str | None = None) -> list[ApiKey]:
        """List keys by id, those behind the given one."""
        query = select(KeyRow).where(KeyRow.tenant == self._tenant).order_by(KeyRow.id)
        if after is not None:
            query = query.where(KeyRow.id > after)
        with self._database.read() as session:
            return [_key(row) for row in session.scalars(query.limit(limit))]

    def revoke(self, key_id: str) -> ApiKey:
        """Make a key invalid at once and for good; to do it twice changes nothing.

        Raises:
            NotFoundError: no such key.
        """
        with self._database.write() as session:
            row = session.scalar(select(KeyRow).where(KeyRow.id == key_id, KeyRow.tenant == self._tenant))
            if row is None:
                raise NotFoundError(f"no key {key_id!r}; `rag keys list` lists what there is")
            if row.revoked_at is None:
                row.revoked_at = utc_now()
            return _key(row)

    def _check(self, name: str, scopes: Sequence[str], expires_at: datetime | None) -> None:
        if not 0 < len(name.strip()) <= _NAME_CHARS or not name.isprintable():
            raise InvalidInputError(
                f"a key's name has 1 to {_NAME_CHARS} printable characters, got {name!r:.120}"
            )
        if not scopes or not set(scopes) <= set(SCOPES):
            raise InvalidInputError(
                f"a key has some of the scopes {', '.join(SCOPES)}; got {', '.join(scopes) or 'none'}"
            )
        if expires_at is not None and expires_at <= utc_now():
            raise InvalidInputError(f"a key expires in the future, got {expires_at.isoformat()}")


def access_of(database: Database, secret: str) -> Access:
    """Give what the key that a caller shows is good for now.

    Raises:
        UnauthenticatedError: it is none of ours, has expired or was revoked.
    """
    match = _KEY.fullmatch(secret)
    with database.read() as session:
        row = None if match is None else session.get(KeyRow, match[1])
    # Compared by digest in constant time: how long it takes tells nothing of the secret.
    if row is None or not hmac.compare_digest(row.digest, digest_of(secret)):
        raise UnauthenticatedError("this key is not one of this server's; an administrator makes keys")
    if (state := _state(row)) != "valid":
        raise UnauthenticatedError(f"this key is {state}; ask an administrator for another")
    names = None if row.collections is None else frozenset(row.collections)
    return Access(row.tenant, row.subject, frozenset(row.scopes), names, names)


def has_keys(database: Database) -> bool:
    """Tell whether a key was ever made, of whatever tenant; one that is revoked counts."""
    with database.read() as session:
        return session.scalar(select(KeyRow.id).limit(1)) is not None


def _state(row: KeyRow) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= utc_now() else "valid"


def _key(row: KeyRow) -> ApiKey:
    return ApiKey(
        row.id,
        f"{_PREFIX}{row.id}",
        row.name,
        row.subject,
        list(row.scopes),
        None if row.collections is None else list(row.collections),
        _state(row),
        row.created_at,
        row.expires_at,
        row.revoked_at,
    )
