"""Tokens, replies and addresses that are not what they seem let nobody in."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from _openid import OpenIdProvider
from _signing_in import browser_of, me, refused, sign_in, to_provider
from fastapi.testclient import TestClient

from api.oidc.tokens import keys_of
from rag.compose import Grove
from rag.core.errors import UnavailableError

FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "another nonce": ({"nonce": "n-0"}, "nonce"),
    "no nonce": ({"nonce": None}, "nonce"),
    "another audience": ({"aud": "other"}, "aud"),
    "no audience": ({"aud": None}, "aud"),
    "an empty audience": ({"aud": []}, "aud"),
    "several audiences, for nobody": ({"aud": ["grove", "other"]}, "azp"),
    "several audiences, for another": ({"aud": ["grove", "other"], "azp": "other"}, "azp"),
    "for another": ({"azp": "other"}, "azp"),
    "another issuer": ({"iss": "https://evil.example"}, "iss"),
    "no issuer": ({"iss": None}, "iss"),
    "expired": ({"exp": -61}, "expired"),
    "no end": ({"exp": None}, "exp"),
    "an end that is no time": ({"exp": float("inf")}, "exp"),
    "from the future": ({"iat": 3600}, "future"),
    "no begin": ({"iat": None}, "iat"),
    "not valid yet": ({"nbf": 3600}, "not yet valid"),
    "no subject": ({"sub": None}, "sub"),
    "an empty subject": ({"sub": ""}, "sub"),
    "a subject that is no text": ({"sub": 7}, "sub"),
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_token_with_wrong_claims_lets_nobody_in(
    outsider: TestClient, provider: OpenIdProvider, forged: str
) -> None:
    provider.claims, words = FORGED[forged]
    refused(sign_in(outsider), 401, words)
    assert me(outsider) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": -30},
        {"iat": 30},
        {"aud": ["grove", "account"], "azp": "grove"},
    ],
)
def test_clocks_may_differ_a_little_and_a_token_may_be_for_others_too(
    browser: TestClient, provider: OpenIdProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    assert sign_in(browser).status_code == 303


FORGERIES: dict[str, Callable[[OpenIdProvider, dict[str, Any]], str]] = {
    "no signature": OpenIdProvider.unsigned,
    "the public key taken for a secret": OpenIdProvider.signed_with_public_key,
    "another key under this one's name": OpenIdProvider.signed_by_a_stranger,
    "a key that nobody knows": lambda provider, claims: provider.signed(claims, kid="key-0"),
    "changed after it was signed": OpenIdProvider.changed,
    "no token at all": lambda provider, claims: "nonsense",
    "an empty token": lambda provider, claims: "",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(
    outsider: TestClient, provider: OpenIdProvider, forgery: str
) -> None:
    provider.forge = FORGERIES[forgery]
    refused(sign_in(outsider), 401, "not valid")
    assert me(outsider) is None


def test_new_keys_of_the_provider_are_fetched_when_they_are_met(
    browser: TestClient, provider: OpenIdProvider
) -> None:
    sign_in(browser)
    sign_in(browser)
    assert provider.key_reads == 1
    provider.rotate()
    assert sign_in(browser).status_code == 303
    assert provider.key_reads == 2
    provider.forge = FORGERIES["a key that nobody knows"]
    refused(sign_in(browser), 401, "kid")


def test_a_reply_to_another_browser_or_with_another_state_lets_nobody_in(
    browser: TestClient, grove: Grove, provider: OpenIdProvider
) -> None:
    back = to_provider(browser)
    refused(browser_of(grove).get(back), 401, "not begun in this browser")
    code = parse_qs(urlsplit(back).query)["code"][0]
    for query in ({"code": code}, {"code": code, "state": ""}, {"code": code, "state": "é"}):
        refused(browser.get("/auth/callback", params=query), 401, "not begun in this browser")
    assert provider.tokens_given == []
    assert browser.get(back).status_code == 303  # nothing of this has spoilt the true one


def test_a_reply_is_good_for_once(browser: TestClient, provider: OpenIdProvider) -> None:
    back = to_provider(browser)
    cookie = browser.cookies["grove_sign_in"]
    assert browser.get(back).status_code == 303
    refused(browser.get(back), 401, "not begun in this browser")
    browser.cookies.clear()
    browser.cookies.set("grove_sign_in", cookie, domain="127.0.0.1", path="/")
    refused(browser.get(back), 401, "does not take this code")
    assert len(provider.tokens_given) == 1


def test_a_code_of_another_attempt_lets_nobody_in(browser: TestClient, grove: Grove) -> None:
    code = parse_qs(urlsplit(to_provider(browser_of(grove))).query)["code"][0]
    state = parse_qs(urlsplit(to_provider(browser)).query)["state"][0]
    reply = browser.get("/auth/callback", params={"code": code, "state": state})
    refused(reply, 401, "does not take this code")  # PKCE


def test_what_the_provider_refuses_is_told_without_its_markup(
    outsider: TestClient, provider: OpenIdProvider
) -> None:
    provider.refusal = "access_denied<script>"
    reply = sign_in(outsider)
    refused(reply, 401, "access_denied&lt;script&gt;")
    assert "<script>" not in reply.text


@pytest.mark.parametrize(("named", "status"), [("https://evil.example", 401), (None, 401), ("own", 303)])
def test_a_reply_of_another_provider_lets_nobody_in(
    browser: TestClient, provider: OpenIdProvider, named: str | None, status: int
) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    back = to_provider(browser)
    issuer = {"own": {"iss": provider.issuer}, None: {}}.get(named, {"iss": named})
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    assert browser.get("/auth/callback", params={**query, **issuer}).status_code == status


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/a\r\nset-cookie: x=y",
        "javascript:alert(1)",
        "evil.example",
        "@evil.example",
        "",
        "/" + "a" * 2000,
    ],
)
def test_nobody_is_led_elsewhere_after_signing_in(outsider: TestClient, next: str) -> None:
    refused(outsider.get("/auth/login", params={"next": next}), 422, "next is a path of this server")


def test_an_attempt_that_was_tampered_with_leads_nowhere_else(browser: TestClient) -> None:
    back = to_provider(browser)
    secret = browser.cookies["grove_sign_in"].partition(".")[0]
    for next in ("https://evil.example/", "//evil.example"):
        coded = base64.urlsafe_b64encode(next.encode()).decode()
        browser.cookies.set("grove_sign_in", f"{secret}.{coded}", domain="127.0.0.1", path="/")
        reply = browser.get(back)
        assert (reply.status_code, "location" in reply.headers) == (422, False)


def test_a_key_of_an_unknown_kind_is_left_out(provider: OpenIdProvider) -> None:
    good = provider.key.as_dict(private=False)
    unknown = {"kty": "EC", "crv": "BP-256", "x": "AA", "y": "AA", "kid": "other"}
    assert len(keys_of(json.dumps({"keys": [unknown, good]})).keys) == 1
    with pytest.raises(UnavailableError, match="BP-256"):
        keys_of(json.dumps({"keys": [unknown]}))
    with pytest.raises(UnavailableError, match="cannot be read"):
        keys_of("[]")
