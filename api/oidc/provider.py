"""An OpenID provider, over HTTP: what it offers, its keys, and what it gives for a code.

Source: OpenID Connect Discovery 1.0; RFC 6749, section 4.1; RFC 7636 (PKCE); RP-Initiated Logout 1.0.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from api.oidc.discovery import CALLBACK, Discovery, discovery_of, discovery_url
from api.oidc.grants import needed_claims
from api.oidc.tokens import KeySet, UnknownKeyError, claims_of, keys_of
from rag.core.errors import UnauthenticatedError, UnavailableError
from rag.core.oidc_settings import OidcSettings

__all__ = ["Identity", "Provider"]

_TIMEOUT_SECONDS = 10.0
_KEPT_SECONDS = 3600.0  # what it offers; its keys are asked for anew as soon as one is unknown


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for."""

    claims: Mapping[str, Any]  # Any: JSON
    id_token: str


class Provider:
    """The provider of the settings; asked for nothing before somebody signs in."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._discovery: Discovery | None = None
        self._keys: KeySet | None = None
        self._read_at = 0.0

    async def sign_in_url(self, *, state: str, nonce: str, challenge: str) -> str:
        """Give where a browser goes to sign in.

        Args:
            state: comes back with the code.
            nonce: comes back in the ID token.
            challenge: S256 of the verifier that `identity` shows.

        Raises:
            UnavailableError: the provider does not answer, or not as one.
        """
        found = await self._discovered()
        return _with_query(
            found.authorization_endpoint,
            response_type="code",
            client_id=self._settings.client_id,
            redirect_uri=self._redirect_uri,
            scope=" ".join(self._settings.scopes),
            state=state,
            nonce=nonce,
            code_challenge=challenge,
            code_challenge_method="S256",
        )

    async def identity(self, code: str, *, verifier: str, nonce: str, issuer: str | None) -> Identity:
        """Exchange a code for who signed in.

        Args:
            code: that came back.
            verifier: whose challenge went out.
            nonce: that went out.
            issuer: that the reply names (RFC 9207), if it does.

        Raises:
            UnauthenticatedError: the provider refuses the code, or its reply or its token is not valid.
            UnavailableError: the provider does not answer, or not as one.
        """
        found = await self._discovered()
        if issuer != self._settings.issuer and (issuer is not None or found.names_itself):
            raise UnauthenticatedError("this reply is not the provider's (iss); sign in again")
        tokens = await self._redeemed(found, code, verifier)
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise UnavailableError("the provider gave no ID token; is `openid` among the scopes?")
        claims = await self._checked(found, id_token, nonce)
        missing = [name for name in needed_claims(self._settings) if name not in claims]
        if missing and found.userinfo_endpoint is not None and "access_token" in tokens:
            claims = await self._completed(found.userinfo_endpoint, str(tokens["access_token"]), claims)
        return Identity(claims, id_token)

    async def sign_out_url(self, id_token: str) -> str | None:
        """Give where a browser goes to sign out at the provider too; none where it has no such address.

        Raises:
            UnavailableError: the provider does not answer, or not as one.
        """
        found = await self._discovered()
        if found.end_session_endpoint is None:
            return None
        return _with_query(
            found.end_session_endpoint,
            id_token_hint=id_token,
            client_id=self._settings.client_id,
            post_logout_redirect_uri=f"{self._settings.public_url}/",
        )

    @property
    def _redirect_uri(self) -> str:
        return f"{self._settings.public_url}{CALLBACK}"

    async def _discovered(self) -> Discovery:
        is_old = time.monotonic() - self._read_at > _KEPT_SECONDS
        if self._discovery is None or is_old:
            reply = await _get(discovery_url(self._settings))
            self._discovery = discovery_of(_json(reply), self._settings)
            self._keys = None
            self._read_at = time.monotonic()
        return self._discovery

    async def _redeemed(self, found: Discovery, code: str, verifier: str) -> dict[str, Any]:  # Any: JSON
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        auth = None
        if settings.client_secret is None:
            form["client_id"] = settings.client_id
        elif found.is_secret_in_form:
            form |= {
                "client_id": settings.client_id,
                "client_secret": settings.client_secret.get_secret_value(),
            }
        else:  # RFC 6749, section 2.3.1: encoded before they are joined
            secret = settings.client_secret.get_secret_value()
            auth = httpx.BasicAuth(quote(settings.client_id, safe=""), quote(secret, safe=""))
        reply = await _sent("POST", found.token_endpoint, data=form, auth=auth)
        if not reply.is_error:
            return _json(reply)
        error = _error(reply)
        if error == "invalid_grant":  # RFC 6749, section 5.2
            raise UnauthenticatedError("the provider does not take this code (any more); sign in again")
        raise UnavailableError(
            f"the provider refuses Grove itself: {error}; whoever runs this server compares"
            " GROVE_SERVER__OIDC__CLIENT_ID and CLIENT_SECRET with what the provider has"
        )

    async def _checked(self, found: Discovery, id_token: str, nonce: str) -> Mapping[str, Any]:  # Any: JSON
        issuer, client_id = self._settings.issuer, self._settings.client_id
        if self._keys is not None:
            try:
                return claims_of(id_token, self._keys, issuer=issuer, client_id=client_id, nonce=nonce)
            except UnknownKeyError:
                pass  # the provider has taken new keys since
        self._keys = keys_of((await _get(found.jwks_uri)).text)
        return claims_of(id_token, self._keys, issuer=issuer, client_id=client_id, nonce=nonce)

    async def _completed(
        self, endpoint: str, access_token: str, claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:  # Any: JSON
        """Add what the provider tells beside the token; the token's own claims stay as they are."""
        reply = await _sent("GET", endpoint, headers={"authorization": f"Bearer {access_token}"})
        if reply.is_error:
            raise UnavailableError(f"the provider's {endpoint} answers {reply.status_code}")
        told = _json(reply)
        if told.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0, section 5.3.2
            raise UnauthenticatedError(
                "the provider told about somebody else than who signed in; sign in again"
            )
        return {**told, **claims}


async def _get(url: str) -> httpx.Response:
    reply = await _sent("GET", url)
    if reply.status_code != httpx.codes.OK:
        raise UnavailableError(f"the provider's {url} answers {reply.status_code}")
    return reply


async def _sent(method: str, url: str, **options: Any) -> httpx.Response:  # Any: of httpx
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
            return await client.request(method, url, **options)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnavailableError(f"the provider does not answer at {url}: {error!r:.200}") from error


def _json(reply: httpx.Response) -> dict[str, Any]:  # Any: JSON
    try:
        value = reply.json()
    except ValueError as error:
        raise UnavailableError(f"the provider's {reply.url} answers no JSON") from error
    if not isinstance(value, dict):
        raise UnavailableError(f"the provider's {reply.url} answers no JSON object")
    return value


def _error(reply: httpx.Response) -> str:
    """Give the name of an OAuth error, or the status of a reply that has none."""
    try:
        name = reply.json().get("error")
    except (ValueError, AttributeError):
        name = None
    return name[:100] if isinstance(name, str) else f"status {reply.status_code}"


def _with_query(url: str, **parameters: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"
