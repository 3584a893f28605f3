"""A small OpenID provider on a port of this machine: real keys, real codes, PKCE checked; and its lies."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from _http import serving
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

__all__ = ["OpenIdProvider", "openid_provider"]

_KEY_BITS = 2048
_TIMES = {"exp", "iat", "nbf"}


def _new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(_KEY_BITS, {"kid": kid, "use": "sig", "alg": "RS256"})


@dataclass
class OpenIdProvider:
    """What the provider knows, and how it lies; a test changes it between requests."""

    client_id: str = "grove"
    client_secret: str | None = "s3cret: of/grove"
    issuer: str = ""
    user: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "u-1815",
            "name": "Ada Lovelace",
            "email": "Ada@Example.org",
            "email_verified": True,
            "groups": ["readers"],
        }
    )
    in_userinfo: tuple[str, ...] = ()  # claims that only the userinfo endpoint tells
    metadata: dict[str, Any] = field(default_factory=dict)  # instead of what is true
    claims: dict[str, Any] = field(
        default_factory=dict
    )  # of the token, instead of what is true; None: none; a time: seconds from now
    forge: Callable[["OpenIdProvider", dict[str, Any]], str] | None = None  # makes the token
    refusal: str | None = None  # what it answers instead of a code
    key: RSAKey = field(default_factory=lambda: _new_key("key-1"))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key_reads: int = 0
    tokens_given: list[str] = field(default_factory=list)

    def rotate(self) -> None:
        """Take a new key and forget the one before."""
        self.key = _new_key(f"key-{secrets.token_hex(4)}")

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        """Sign claims with the present key."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, **header}, claims, self.key)

    def discovery(self) -> dict[str, Any]:
        """Give the discovery document."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/logout",
            "code_challenge_methods_supported": ["S256"],
            **self.metadata,
        }

    def code_for(self, asked: dict[str, str]) -> str:
        """Note what a browser asks for and give a code for it."""
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return code

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Give the status and the reply of the token endpoint."""
        if (self._client(form, authorization)) != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form["code"], None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if (
            asked is None
            or asked["redirect_uri"] != form["redirect_uri"]
            or asked["code_challenge"] != challenge
        ):
            return 400, {"error": "invalid_grant", "error_description": "no such code, or not yours"}
        told = {name: value for name, value in self.user.items() if name not in self.in_userinfo}
        true = {"iss": self.issuer, "aud": self.client_id, "nonce": asked["nonce"], "iat": 0, "exp": 300}
        claims = {
            name: value for name, value in {**told, **true, **self.claims}.items() if value is not None
        }
        claims |= {name: int(time.time()) + claims[name] for name in _TIMES & claims.keys()}
        id_token = self.signed(claims) if self.forge is None else self.forge(self, claims)
        self.tokens_given.append(id_token)
        return 200, {"id_token": id_token, "access_token": "at-1", "token_type": "Bearer"}

    def _client(self, form: dict[str, str], authorization: str) -> tuple[str, str | None]:
        if not authorization:
            return form.get("client_id", ""), form.get("client_secret")
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return unquote(name), unquote(secret)

    def signed_with_public_key(self, claims: dict[str, Any]) -> str:
        """Sign with what everybody knows, as if it were a secret that provider and client share."""
        public = self.key.as_pem(private=False)
        header = {"alg": "HS256", "kid": self.key.kid}
        return jwt.encode(header, claims, OctKey.import_key(base64.b64encode(public)), algorithms=["HS256"])

    def signed_by_a_stranger(self, claims: dict[str, Any]) -> str:
        """Sign with another key, and say that it is this one."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, _new_key("stranger"))

    def changed(self, claims: dict[str, Any]) -> str:
        """Sign, and say something else then."""
        header, _, signature = self.signed(claims).split(".")
        claims = {**claims, "sub": "somebody-else"}
        return f"{header}.{_coded(claims)}.{signature}"

    def unsigned(self, claims: dict[str, Any]) -> str:
        """Sign with nothing."""
        return f"{_coded({'alg': 'none', 'kid': self.key.kid})}.{_coded(claims)}."


def _coded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _application(provider: OpenIdProvider) -> FastAPI:
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        return provider.discovery()

    @app.get("/keys")
    def keys() -> dict[str, Any]:
        provider.key_reads += 1
        return dict(KeySet([provider.key]).as_dict(private=False))

    @app.get("/authorize")
    def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        back = {"error": provider.refusal} if provider.refusal else {"code": provider.code_for(asked)}
        return RedirectResponse(
            f"{asked['redirect_uri']}?{urlencode({**back, 'state': asked['state']})}", 302
        )

    @app.post("/token")
    async def token(request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        status, reply = provider.token(form, request.headers.get("authorization", ""))
        return JSONResponse(reply, status)

    @app.get("/userinfo")
    def userinfo(request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer at-1":
            return JSONResponse({"error": "invalid_token"}, 401)
        return JSONResponse({"sub": provider.user["sub"], **provider.user})

    @app.get("/logout")
    def logout(request: Request) -> Response:
        asked = request.query_params
        assert asked["client_id"] == provider.client_id
        assert asked["id_token_hint"] in provider.tokens_given
        assert urlsplit(asked["post_logout_redirect_uri"]).path == "/"
        return RedirectResponse(asked["post_logout_redirect_uri"], 302)

    return app


@contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    """Run a provider while the block does."""
    provider = OpenIdProvider()
    with serving(_application(provider)) as address:
        provider.issuer = address
        yield provider
