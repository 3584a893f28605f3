"""Signing in with a provider that runs, and what the provider may do wrong."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from _http import client_of, ingested, small_settings
from _openid import OpenIdProvider
from _signing_in import HERE, OWN, browser_of, me, refused, sign_in, with_key
from fastapi.testclient import TestClient
from sqlalchemy import select

from rag.compose import Grove
from rag.core.access import Access
from rag.db.access_tables import SessionRow


def test_who_signs_in_is_let_in_as_the_provider_and_the_settings_say(
    browser: TestClient, grove: Grove
) -> None:
    assert browser.get("/api/v1/collections").status_code == 401
    assert browser.get("/api/v1/me").json() == {
        "caller": None,
        "sign_in": {"name": "single sign-on", "url": f"{HERE}/auth/login"},
    }
    arrived = sign_in(browser, "/?conversation=1#x")
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/?conversation=1#x")
    assert browser.get("/api/v1/collections").status_code == 200
    assert me(browser) == {
        "subject": "user:u-1815",
        "tenant": "default",
        "scopes": ["ask"],
        "collections": None,
        "name": "Ada Lovelace",
    }
    assert browser.get("/api/v1/keys").status_code == 403
    entry = grove.audit.entries()[-1]
    assert (entry.subject, entry.action, entry.status) == ("user:u-1815", "GET /auth/callback", 303)


def test_what_is_asked_when_signed_in_belongs_to_the_person(browser: TestClient, grove: Grove) -> None:
    ingested(with_key(grove, "admin"), grove)
    sign_in(browser)
    asked = browser.post("/api/v1/ask", json={"question": "How tall?"}, headers=OWN)
    assert asked.status_code == 200, asked.text
    path = f"/api/v1/runs/{asked.json()['run_id']}"
    assert with_key(grove, "ask", user="u-1815").get(path).status_code == 200
    assert with_key(grove, "ask").get(path).status_code == 404


def test_the_database_and_the_page_never_have_the_sessions_secret(
    browser: TestClient, grove: Grove
) -> None:
    arrived = sign_in(browser)
    cookie = arrived.headers.get_list("set-cookie")[0]
    secret = browser.cookies["grove_session"]
    assert cookie == f"grove_session={secret}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax"
    assert len(secret) == 43
    with grove.database.read() as session:
        (row,) = session.scalars(select(SessionRow))
    assert secret not in repr(vars(row))
    listed = with_key(grove, "admin").get("/api/v1/sessions")
    assert secret not in listed.text
    assert row.digest not in listed.text


def test_on_https_no_other_host_can_set_or_read_the_cookies(grove_with: Callable[..., Grove]) -> None:
    browser = browser_of(grove_with(public_url="https://grove.example.com/"))
    left = browser.get("/auth/login")
    attempt = left.headers["set-cookie"]
    assert parse_qs(urlsplit(left.headers["location"]).query)["redirect_uri"] == [
        "https://grove.example.com/auth/callback"
    ]
    assert attempt.startswith("__Host-grove_sign_in=")
    assert attempt.endswith("; HttpOnly; Max-Age=600; Path=/; SameSite=lax; Secure")
    came = httpx.get(left.headers["location"]).headers["location"]
    shown = {"host": "grove.example.com", "cookie": attempt.partition(";")[0]}
    arrived = browser.get(came, headers=shown)
    session, dropped = arrived.headers.get_list("set-cookie")
    assert session.startswith("__Host-grove_session=")
    assert session.endswith("; Path=/; SameSite=lax; Secure")
    assert "Domain" not in session
    assert dropped.startswith('__Host-grove_sign_in=""; HttpOnly; Max-Age=0;')


def test_a_public_client_needs_no_secret(
    grove_with: Callable[..., Grove], provider: OpenIdProvider
) -> None:
    provider.client_secret = None
    assert sign_in(browser_of(grove_with(client_secret=None))).status_code == 303


def test_a_secret_goes_in_the_form_where_the_provider_wants_it_there(
    browser: TestClient, provider: OpenIdProvider
) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert sign_in(browser).status_code == 303


def test_what_the_token_does_not_tell_is_asked_for(
    grove_with: Callable[..., Grove], provider: OpenIdProvider
) -> None:
    provider.in_userinfo = ("email", "email_verified", "groups")
    browser = browser_of(grove_with(user_claim="email", allowed_domains=["example.org"]))
    assert sign_in(browser).status_code == 303
    assert me(browser)["subject"] == "user:ada@example.org"


def test_who_is_in_no_group_is_told_so(browser: TestClient, provider: OpenIdProvider) -> None:
    provider.user["groups"] = ["strangers"]
    refused(sign_in(browser), 403, "none of the groups")


def test_a_person_of_another_tenant_has_the_collections_of_the_group(
    grove_with: Callable[..., Grove],
) -> None:
    grant = {"scopes": ["write", "read"], "collections": ["handbook"], "tenant": "acme"}
    grove = grove_with(groups={"readers": grant})
    browser = browser_of(grove)
    sign_in(browser)
    assert (me(browser)["tenant"], me(browser)["collections"]) == ("acme", ["handbook"])
    for name, status in (("handbook", 201), ("prices", 404)):
        reply = browser.post("/api/v1/collections", json={"name": name}, headers=OWN)
        assert reply.status_code == status
    collections = grove.within(Access("acme")).catalog.collections()
    assert [each.name for each in collections] == ["handbook"]


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"issuer": "https://other.example"}, "calls itself"),
        ({"token_endpoint": None}, "names no token_endpoint"),
        ({"jwks_uri": "http://sso.example.com/keys"}, "must be an https address"),
        ({"authorization_endpoint": 7}, "must be an https address"),
    ],
)
def test_a_provider_that_is_none_is_told_apart(
    browser: TestClient, provider: OpenIdProvider, metadata: dict[str, Any], words: str
) -> None:
    provider.metadata = metadata
    refused(browser.get("/auth/login"), 503, words)


def test_a_provider_that_does_not_answer_is_no_fault_of_ours(grove_with: Callable[..., Grove]) -> None:
    refused(browser_of(grove_with(issuer="http://127.0.0.1:9")).get("/auth/login"), 503, "does not answer")


def test_a_wrong_secret_of_grove_is_told_to_who_runs_it(grove_with: Callable[..., Grove]) -> None:
    refused(sign_in(browser_of(grove_with(client_secret="wrong"))), 503, "invalid_client")


def test_where_nobody_signs_in_there_is_no_way_to(grove_home: Path) -> None:
    client = client_of(Grove(small_settings(grove_home)))
    assert client.get("/api/v1/me").json()["sign_in"] is None
    assert client.get("/api/v1/me").json()["caller"]["subject"] == "local"
    for method, path in (("GET", "/auth/login"), ("GET", "/auth/callback"), ("POST", "/auth/logout")):
        assert client.request(method, path).status_code == 404


def test_the_library_of_tokens_is_loaded_only_where_one_signs_in(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from api.main import create_app
from rag.compose import Grove
from rag.core.settings import Settings
create_app(Grove(Settings(home=Path(sys.argv[1]))))
print([name for name in ("joserfc", "api.oidc.provider") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_clients_are_given_the_address_of_the_settings(grove_with: Callable[..., Grove]) -> None:
    grove = grove_with(public_url="https://grove.example.com")
    client = with_key(grove, "admin")
    ingested(client, grove)
    asked = {"model": "grove", "messages": [{"role": "user", "content": "How tall is the tower?"}]}
    reply = client.post("/v1/chat/completions", json=asked, headers={"host": "grove.example.com"})
    (annotation,) = reply.json()["choices"][0]["message"]["annotations"]
    assert annotation["url_citation"]["url"].startswith("https://grove.example.com/api/v1/documents/")
