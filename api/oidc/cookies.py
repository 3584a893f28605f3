"""What a browser keeps of a sign-in and of a session, and which requests may show it.

Knows headers and addresses; no provider and no database.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

from rag.core.errors import ForbiddenError, InvalidInputError, UnauthenticatedError
from rag.core.oidc_settings import OidcSettings

__all__ = ["Attempt", "Cookies", "checked_next"]

_ATTEMPT_SECONDS = 600
_MAX_NEXT_CHARS = 2000
_NEXT = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in: a secret that only this browser has, and where it leads to.

    What goes to the provider is made from the secret, so that nothing need be kept here meanwhile.
    """

    secret: str
    next: str

    @classmethod
    def new(cls, next: str) -> "Attempt":
        """Begin one."""
        return cls(secrets.token_urlsafe(32), next)

    @property
    def state(self) -> str:
        """Give what must come back with the code."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Give what must come back in the ID token."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Give what the code is redeemed with: 43 characters (RFC 7636, section 4.1)."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """Give the verifier's S256 (RFC 7636, section 4.2)."""
        return _base64(hashlib.sha256(self.verifier.encode()).digest())

    def _derived(self, purpose: str) -> str:
        return _base64(hmac.digest(self.secret.encode(), purpose.encode(), "sha256"))


class Cookies:
    """The two cookies of a browser; on https, no other host and no subdomain can set them."""

    def __init__(self, settings: OidcSettings) -> None:
        self._origin = settings.public_url
        self._is_secure = settings.is_secure
        self._session_seconds = settings.session_seconds
        prefix = "__Host-" if settings.is_secure else ""
        self._session, self._attempt = f"{prefix}grove_session", f"{prefix}grove_sign_in"

    def session(self, headers: Headers) -> str | None:
        """Give the secret of the session that a browser shows, whoever made it send this."""
        return cookie_parser(headers.get("cookie", "")).get(self._session)

    def own_session(self, headers: Headers, method: str) -> str | None:
        """Give the secret of a session for what the page itself asks; none where there is no such cookie.

        Raises:
            ForbiddenError: a page of another origin asks, or one that does not prove to be ours.
        """
        secret = self.session(headers)
        if secret is not None and not self._is_own(headers, is_reading=method in _READING):
            raise ForbiddenError(
                f"a session is good for the page at {self._origin} alone, and this request does not come"
                " from there; other programs send a key"
            )
        return secret

    def attempt(self, headers: Headers, state: str) -> Attempt:
        """Give the attempt that a reply of the provider belongs to.

        Raises:
            UnauthenticatedError: this browser began none with this state.
        """
        secret, _, coded = cookie_parser(headers.get("cookie", "")).get(self._attempt, "").partition(".")
        attempt = Attempt(secret, "/")
        if not secret or not hmac.compare_digest(attempt.state.encode(), state.encode()):
            raise UnauthenticatedError(
                "this sign-in was not begun in this browser, took longer than ten minutes, or has ended"
                " already; sign in again"
            )
        return Attempt(secret, checked_next(_text(coded)))

    def keep_attempt(self, response: Response, attempt: Attempt) -> None:
        """Have the browser keep an attempt."""
        value = f"{attempt.secret}.{_base64(attempt.next.encode())}"
        self._keep(response, self._attempt, value, seconds=_ATTEMPT_SECONDS)

    def keep_session(self, response: Response, secret: str) -> None:
        """Have the browser keep a session."""
        self._keep(response, self._session, secret, seconds=self._session_seconds)

    def drop_attempt(self, response: Response) -> None:
        """Have the browser forget its attempt."""
        self._keep(response, self._attempt, "", seconds=0)

    def drop_session(self, response: Response) -> None:
        """Have the browser forget its session."""
        self._keep(response, self._session, "", seconds=0)

    def _is_own(self, headers: Headers, *, is_reading: bool) -> bool:
        """Tell whether the page itself asks. Browsers say so in two ways, and no script can make them lie.

        To read, silence is enough: no browser lets a page of another origin see the reply.
        """
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if origin is not None and origin != self._origin:
            return False
        if site is not None:
            return site == "same-origin" or (is_reading and site == "none")
        return origin is not None or is_reading

    def _keep(self, response: Response, name: str, value: str, *, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path="/", secure=self._is_secure, httponly=True, samesite="lax"
        )


def checked_next(next: str) -> str:
    """Let through where to go after signing in: a path of this server, and nothing that leads elsewhere.

    >>> checked_next("/?conversation=1")
    '/?conversation=1'

    Raises:
        InvalidInputError: it may lead elsewhere, or is too long.
    """
    if len(next) > _MAX_NEXT_CHARS or not _NEXT.fullmatch(next):
        raise InvalidInputError(
            f"next is a path of this server, as /?view=search, of at most {_MAX_NEXT_CHARS} characters;"
            f" got {next!r:.100}"
        )
    return next


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _text(coded: str) -> str:
    try:
        return base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except ValueError:  # a cookie that was tampered with
        return ""
