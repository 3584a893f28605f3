"""What claims and settings together allow."""

from typing import Any

import pytest

from api.oidc.grants import access_of
from rag.core.access import Access
from rag.core.errors import ForbiddenError
from rag.core.oidc_settings import OidcSettings

CLAIMS = {"sub": "u-1", "email": "Ada@Example.org", "email_verified": True}
GROUPS: dict[str, Any] = {
    "admins": {"scopes": ["admin"]},
    "readers": {"scopes": ["ask"]},
    "handbook": {"scopes": ["ask", "write"], "collections": ["handbook"]},
    "prices": {"scopes": ["ask"], "collections": ["prices"]},
    "acme": {"scopes": ["ask"], "tenant": "acme"},
}


def access(claims: dict[str, Any], **settings: Any) -> Access:
    values = {"issuer": "https://sso.example.com", "client_id": "g", "public_url": "https://g.example.com"}
    oidc = OidcSettings.model_validate({**values, "groups": GROUPS, **settings})
    return access_of({**CLAIMS, **claims}, oidc, "default")


def test_groups_add_up_and_each_keeps_its_collections() -> None:
    one = access({"groups": ["handbook", "prices", "unknown"]})
    assert (one.tenant, one.subject) == ("default", "user:u-1")
    assert (one.scopes, one.readable) == (frozenset({"ask", "write"}), frozenset({"handbook", "prices"}))
    assert one.writable == frozenset({"handbook"})
    one.check_write("handbook")
    with pytest.raises(ForbiddenError):
        one.check_write("prices")


def test_who_may_read_all_may_write_where_a_group_says_so_alone() -> None:
    one = access({"groups": ["readers", "handbook"]})
    assert (one.readable, one.writable) == (None, frozenset({"handbook"}))
    assert access({"groups": ["admins", "handbook"]}).writable is None


def test_what_everybody_may_do_is_for_those_in_no_group() -> None:
    assert access({}, default_scopes=["ask"]).readable is None
    one = access({"groups": ["prices"]}, default_scopes=["ask", "write"])
    assert (one.scopes, one.readable) == (frozenset({"ask"}), frozenset({"prices"}))


def test_a_single_group_may_come_as_text() -> None:
    assert access({"roles": "acme"}, groups_claim="roles").tenant == "acme"


def test_an_address_is_one_person_however_it_is_written() -> None:
    assert access({"groups": ["readers"]}, user_claim="email").subject == "user:ada@example.org"


@pytest.mark.parametrize(
    "name",
    ["MTIz/w==", "https://sso.example.com/u/7?a=b", "o'brien@example.org", "uid=ada,ou=staff"],
)
def test_a_person_has_the_name_that_the_provider_gives(name: str) -> None:
    assert access({"sub": name, "groups": ["readers"]}).subject == f"user:{name}"


def test_a_name_that_is_too_long_for_the_database_is_shortened_so_that_it_stays_one_persons() -> None:
    first, second = (access({"sub": "x" * 254 + end, "groups": ["readers"]}).subject for end in "ab")
    assert first.startswith("user:sha256:")
    assert len(first) <= 200
    assert first != second
    assert access({"sub": "key:5", "groups": ["readers"]}).subject.startswith("user:sha256:")


@pytest.mark.parametrize(
    ("claims", "settings", "words"),
    [
        ({"groups": []}, {}, "none of the groups"),
        ({"groups": ["readers", "acme"]}, {}, "several tenants (acme, default)"),
        ({"groups": {"readers": True}}, {}, "no list of names"),
        ({"groups": [["readers"]]}, {}, "no list of names"),
        ({"email_verified": False}, {"user_claim": "email"}, "no verified address"),
        ({"email_verified": None}, {"allowed_domains": ["example.org"]}, "no verified address"),
        ({"email": None}, {"user_claim": "email"}, "no verified address"),
        ({}, {"allowed_domains": ["example.com"]}, "addresses of example.org are not let in"),
        (
            {"email": "a@example.org.evil.com"},
            {"allowed_domains": ["example.org"]},
            "evil.com are not let in",
        ),
        ({"email": "a@evilexample.org"}, {"allowed_domains": ["example.org"]}, "evilexample.org are not"),
        ({"sub": "two words"}, {}, "cannot be one here"),
        ({"sub": "two\nlines"}, {}, "cannot be one here"),
    ],
)
def test_who_is_not_let_in_is_told_why(
    claims: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ForbiddenError) as refused:
        access({"groups": ["readers"], **claims}, **settings)
    assert words in str(refused.value)
