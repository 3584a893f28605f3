"""Who asks, and what they may: decided once at the edge, and carried by every read and write.

Knows no key, no request and no query.
"""

from dataclasses import dataclass

from rag.core.errors import ForbiddenError, InvalidInputError, NotFoundError

__all__ = ["LOCAL", "MAX_USER_CHARS", "SCOPES", "SUBJECTS", "Access", "subject_of_user"]

SCOPES = ("read", "ask", "write", "admin")
"""What a key may be good for: `ask` includes `read`, and `admin` all of them."""

LOCAL = "local"
"""The subject of whoever sits at the machine: the command line, and an open server on loopback."""

SUBJECTS = ("user:", "key:")
"""How subjects begin; no name of a user does."""

MAX_USER_CHARS = 190
"""How long the name of a user may be."""

_INCLUDED = {"ask": {"read"}, "admin": {"read", "ask", "write"}}


@dataclass(frozen=True, slots=True)
class Access:
    """One caller: a tenant, who it is within it, and what it may do.

    >>> Access("acme", "key:1", frozenset({"ask"})).has("read")
    True
    """

    tenant: str
    subject: str = LOCAL
    scopes: frozenset[str] = frozenset({"admin"})
    readable: frozenset[str] | None = None  # names of collections; none for all of the tenant
    writable: frozenset[str] | None = None

    def has(self, scope: str) -> bool:
        """Tell whether it may do what the scope stands for."""
        return any(scope == each or scope in _INCLUDED.get(each, ()) for each in self.scopes)

    def require(self, scope: str) -> None:
        """Make sure that it has a scope.

        Raises:
            ForbiddenError: it has not.
        """
        if not self.has(scope):
            raise ForbiddenError(
                f"this needs the scope {scope!r}; you have {', '.join(sorted(self.scopes))}"
            )

    def check_write(self, collection: str) -> None:
        """Make sure that it may change a collection, whether there is one of this name or not.

        Raises:
            ForbiddenError: it may only read it.
            NotFoundError: it may not know of it.
        """
        if self.writable is None or collection in self.writable:
            return
        if self.readable is None or collection in self.readable:
            raise ForbiddenError(f"you may read the collection {collection!r}, but not change it")
        raise NotFoundError(
            f"no collection {collection!r}; your access is to: {', '.join(sorted(self.readable)) or 'none'}"
        )


def subject_of_user(name: str) -> str:
    """Give the subject of a person, whatever key or sign-in they come with.

    >>> subject_of_user("ada@example.org")
    'user:ada@example.org'

    Raises:
        InvalidInputError: no name of a user.
    """
    is_seen = " " not in name and name.isprintable()
    if not 0 < len(name) <= MAX_USER_CHARS or not is_seen or name.startswith(SUBJECTS):
        raise InvalidInputError(
            f"a user's name has 1 to {MAX_USER_CHARS} characters that can be seen, no space, and does not"
            f" begin with {' or '.join(SUBJECTS)}; got {name!r:.220}"
        )
    return f"user:{name}"
