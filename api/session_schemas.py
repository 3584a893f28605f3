"""What replies about callers and sessions look like."""

from dataclasses import dataclass

from rag.db.sessions import Session

__all__ = ["Me", "MeReply", "SessionList", "SignInOffer", "SignedOut"]


@dataclass(frozen=True, slots=True)
class Me:
    """The caller."""

    subject: str
    tenant: str
    scopes: list[str]
    collections: list[str] | None  # that it may use; none for all of the tenant
    name: str | None  # for people, of who is signed in; none for a key


@dataclass(frozen=True, slots=True)
class SignInOffer:
    """Where one signs in, and with what; `next`, a path of this server, may be added to the address."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class MeReply:
    """The caller, if it is somebody, and how to sign in, where one can."""

    caller: Me | None
    sign_in: SignInOffer | None


@dataclass(frozen=True, slots=True)
class SessionList:
    """One page of sessions; `next` is the `after` of the next one."""

    sessions: list[Session]
    next: str | None


@dataclass(frozen=True, slots=True)
class SignedOut:
    """A session that is over; `url` leads to the provider's own sign-out, where it has one and answers."""

    url: str | None
