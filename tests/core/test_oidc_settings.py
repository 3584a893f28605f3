"""How signing in is set, and what contradicts itself."""

import json

import pytest
from pydantic import ValidationError

from rag.core.oidc_settings import Grant, OidcSettings
from rag.core.settings import Settings

PREFIX = "GROVE_SERVER__OIDC__"
WHOLE = {
    "ISSUER": "https://sso.example.com/realms/staff",
    "CLIENT_ID": "grove",
    "CLIENT_SECRET": "of-grove",
    "PUBLIC_URL": "https://Grove.example.com:443/",
    "GROUPS": '{"admins": {"scopes": ["admin"]}, "authors": {"scopes": ["write"], "collections": ["a"]}}',
}


def settings_of(monkeypatch: pytest.MonkeyPatch, **changes: str) -> OidcSettings | None:
    for name, value in {**WHOLE, **changes}.items():
        monkeypatch.setenv(PREFIX + name, value)
    return Settings().server.oidc


def test_without_a_provider_nothing_is_set() -> None:
    assert Settings().server.oidc is None


def test_the_environment_names_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    oidc = settings_of(monkeypatch, SCOPES='["openid", "email", "groups"]')
    assert oidc is not None
    assert (oidc.public_url, oidc.is_secure) == ("https://grove.example.com", True)
    assert oidc.scopes == ("openid", "email", "groups")
    assert oidc.groups["authors"] == Grant(scopes=("write",), collections=("a",))
    assert "of-grove" not in repr(oidc)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ISSUER": ""}, "server.oidc.issuer"),
        ({"CLIENT_ID": ""}, "server.oidc.client_id"),
        ({"PUBLIC_URL": ""}, "server.oidc.public_url"),
        ({"ISSUER": "http://sso.example.com"}, "https address is expected"),
        ({"ISSUER": "sso.example.com"}, "https address is expected"),
        ({"ISSUER": "https://sso.example.com/?a=b"}, "without query"),
        ({"PUBLIC_URL": "https://u:p@grove.example.com"}, "without query, fragment and password"),
        ({"PUBLIC_URL": "https://example.com/grove"}, "without a path"),
        ({"PUBLIC_URL": "http://[::1"}, "https address is expected"),
        ({"GROUPS": ""}, "nobody could sign in"),
        ({"GROUPS": "{}"}, "nobody could sign in"),
        ({"GROUPS": '{"a": {"scopes": []}}'}, "at least 1 item"),
        ({"GROUPS": '{"a": {"scopes": ["root"]}}'}, "'read', 'ask', 'write' or 'admin'"),
        ({"GROUPS": '{"a": {"scopes": ["admin"], "collections": ["b"]}}'}, "for the whole tenant"),
        ({"SCOPES": '["profile"]'}, "'openid' must be one"),
        ({"SCOPES": '["openid"]', "USER_CLAIM": "email"}, "add 'email' to scopes"),
        ({"USER_CLAIM": "preferred_username"}, "'sub' or 'email'"),
        ({"ALLOWED_DOMAINS": '["ada@example.com"]'}, "holds domains"),
        ({"IDLE_SECONDS": "90000"}, "cannot be idle"),
        ({"IDLE_SECONDS": "1"}, "greater than or equal to 300"),
        ({"ISSUER_URL": "https://sso.example.com"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_set_by_half_or_contradicts_itself_is_refused(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        settings_of(monkeypatch, **changes)
    assert words in str(refused.value)
    assert "of-grove" not in str(refused.value)


def test_what_decides_who_may_do_what_is_in_the_terms() -> None:
    values = {
        name.lower(): json.loads(value) if value[0] == "{" else value for name, value in WHOLE.items()
    }
    terms = OidcSettings.model_validate(values).terms
    same = OidcSettings.model_validate({**values, "idle_seconds": 600, "client_secret": "another"})
    assert same.terms == terms
    for change in (
        {"groups": {"x": {"scopes": ["ask"]}}},
        {"user_claim": "email"},
        {"default_scopes": ["ask"]},
    ):
        assert OidcSettings.model_validate({**values, **change}).terms != terms
