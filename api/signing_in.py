"""From a provider's reply to a session, and from a session to its end: what the routes of signing in do.

Imports the provider, and the library that reads its tokens, only where the settings name one.
"""

import logging
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from api.oidc.cookies import Attempt, Cookies
from api.oidc.discovery import CALLBACK
from api.oidc.grants import access_of, name_of
from rag.compose import Grove
from rag.core.access import Access
from rag.core.errors import UnavailableError
from rag.core.oidc_settings import OidcSettings
from rag.db.sessions import Sessions, SignedIn

if TYPE_CHECKING:
    from api.oidc.provider import Provider

__all__ = ["SignIn", "sign_in_of"]

_log = logging.getLogger(__name__)


class SignIn:
    """Signing in to one installation, and out."""

    def __init__(self, grove: Grove, settings: OidcSettings, provider: "Provider") -> None:
        self.settings = settings
        self.cookies = Cookies(settings)
        self._grove = grove
        self._provider = provider

    def session(self, headers: Headers, method: str) -> SignedIn | None:
        """Give who is signed in, for what the page itself asks; none where the browser shows no session.

        Raises:
            UnauthenticatedError: the session is over.
            ForbiddenError: the request does not come from the page.
        """
        secret = self.cookies.own_session(headers, method)
        return None if secret is None else self._sessions.find(secret)

    async def leave(self, attempt: Attempt) -> str:
        """Give where a browser goes to sign in.

        Raises:
            UnavailableError: the provider does not answer, or not as one.
        """
        return await self._provider.sign_in_url(
            state=attempt.state, nonce=attempt.nonce, challenge=attempt.challenge
        )

    async def arrive(self, attempt: Attempt, code: str, *, issuer: str | None, former: str | None) -> str:
        """Sign in whom the provider vouches for, and give the secret that the browser is to show.

        Args:
            attempt: whose state came back.
            code: of the provider.
            issuer: that the provider's reply names, if it does.
            former: what the browser has shown so far; that session is over.

        Raises:
            UnauthenticatedError: the provider's reply is not valid.
            ForbiddenError: the provider lets this person in, and the settings do not.
            UnavailableError: the provider does not answer, or not as one.
        """
        identity = await self._provider.identity(
            code, verifier=attempt.verifier, nonce=attempt.nonce, issuer=issuer
        )
        access = access_of(identity.claims, self.settings, self._grove.access.tenant)
        name = name_of(identity.claims, access.subject)
        return await run_in_threadpool(self._begin, access, name, identity.id_token, former)

    async def end(self, secret: str) -> str | None:
        """Make a session be over; give where to sign out at the provider, if there is such a place."""
        id_token = await run_in_threadpool(self._sessions.end, secret)
        if id_token is None:
            return None
        try:
            return await self._provider.sign_out_url(id_token)
        except UnavailableError as error:  # the session is over all the same
            _log.warning("somebody signed out here, but not at the provider: %s", error)
            return None

    @cached_property
    def _sessions(self) -> Sessions:
        return Sessions(self._grove.database, self.settings)

    def _begin(self, access: Access, name: str, id_token: str, former: str | None) -> str:
        if former is not None:
            self._sessions.end(former)
        secret, session = self._sessions.begin(access, name=name, id_token=id_token)
        log = self._grove.within(access).audit
        log.record(f"GET {CALLBACK}", {"session_id": session.session_id}, HTTPStatus.SEE_OTHER).result()
        return secret


def sign_in_of(grove: Grove) -> SignIn | None:
    """Give what signs people in; none where the settings name no provider."""
    settings = grove.settings.server.oidc
    if settings is None:
        return None
    from api.oidc.provider import Provider  # noqa: PLC0415  # only where there is one

    return SignIn(grove, settings, Provider(settings))
