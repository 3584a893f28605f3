"""A browser that signs in to a small installation, one step at a time."""

from pathlib import Path
from typing import Any

import httpx
from _http import client_of, small_settings
from _openid import OpenIdProvider
from fastapi.testclient import TestClient

from rag.compose import Grove
from rag.core.oidc_settings import OidcSettings
from rag.core.settings import ServerSettings

__all__ = [
    "HERE",
    "OWN",
    "browser_of",
    "installation",
    "me",
    "refused",
    "sign_in",
    "to_provider",
    "with_key",
]

HERE = "http://127.0.0.1"
OWN = {"origin": HERE, "sec-fetch-site": "same-origin"}
_READERS = {"readers": {"scopes": ["ask"]}, "admins": {"scopes": ["admin"]}}


def installation(home: Path, provider: OpenIdProvider, **changes: Any) -> Grove:
    """Give an installation where one signs in with the provider."""
    values = {
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
        "public_url": HERE,
        "groups": _READERS,
    }
    oidc = OidcSettings.model_validate({**values, **changes})
    return Grove(small_settings(home, server=ServerSettings(oidc=oidc)))


def browser_of(grove: Grove) -> TestClient:
    """Give a client that keeps cookies, and goes nowhere by itself."""
    client = client_of(grove)
    client.follow_redirects = False
    return client


def to_provider(browser: TestClient, next: str = "/") -> str:
    """Begin to sign in; give the address at Grove that the provider sends the browser back to."""
    left = browser.get("/auth/login", params={"next": next})
    assert left.status_code == 303, left.text
    came = httpx.get(left.headers["location"])
    assert came.status_code == 302, came.text
    return came.headers["location"]


def sign_in(browser: TestClient, next: str = "/") -> Any:  # Any: a reply of the test client
    """Go to the provider and back."""
    return browser.get(to_provider(browser, next))


def me(browser: TestClient) -> Any:  # Any: JSON
    """Say who the server takes the browser for."""
    return browser.get("/api/v1/me").json()["caller"]


def with_key(grove: Grove, scope: str, user: str | None = None) -> TestClient:
    """Give a client that shows a new key."""
    client = client_of(grove)
    client.headers["x-api-key"] = grove.keys.create("k", scopes=[scope], user=user).secret
    return client


def refused(reply: Any, status: int, words: str) -> None:
    """Check that a browser is told why, and is given no session."""
    assert reply.status_code == status, reply.text
    assert words in reply.text
    assert reply.headers["content-type"].startswith("text/html")
    assert not [each for each in reply.headers.get_list("set-cookie") if "grove_session" in each]
