"""What a session is good for, for whom, and until when."""

import json
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from _http import client_of, small_settings
from _openid import OpenIdProvider
from _signing_in import HERE, OWN, browser_of, me, sign_in, with_key
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from typer.testing import CliRunner

from api.cli import app
from api.erasing import erase_subject
from rag.compose import Grove
from rag.db.access_tables import SessionRow
from rag.db.tables import utc_now


def test_each_sign_in_has_a_session_of_its_own_and_ends_the_one_before(
    browser: TestClient, grove: Grove
) -> None:
    browser.cookies.set("grove_session", "chosen-by-somebody-else", domain="127.0.0.1", path="/")
    sign_in(browser)
    first = browser.cookies["grove_session"]
    assert first != "chosen-by-somebody-else"
    sign_in(browser)
    second = browser.cookies["grove_session"]
    assert second != first
    assert len(grove.sessions.sessions()) == 1
    browser.cookies.set("grove_session", first, domain="127.0.0.1", path="/")
    assert me(browser) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OWN, 201),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"origin": HERE}, 201),
        ({}, 403),  # a program: it has keys
        ({"sec-fetch-site": "none"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:9999"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, 403),
    ],
)
def test_a_session_changes_something_for_the_page_alone(
    grove_with: Callable[..., Grove], headers: dict[str, str], status: int
) -> None:
    browser = browser_of(grove_with(default_scopes=["write"], groups={}))
    sign_in(browser)
    reply = browser.post("/api/v1/collections", json={"name": "new"}, headers=headers)
    assert reply.status_code == status, reply.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OWN, 200),
        ({}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
    ],
)
def test_a_session_reads_nothing_for_another_origin(
    browser: TestClient, headers: dict[str, str], status: int
) -> None:
    sign_in(browser)
    assert browser.get("/api/v1/collections", headers=headers).status_code == status


def test_a_key_needs_no_page_and_goes_before_a_session(browser: TestClient, grove: Grove) -> None:
    sign_in(browser)
    key = {"x-api-key": grove.keys.create("k", scopes=["write"]).secret}
    assert browser.post("/api/v1/collections", json={"name": "new"}, headers=key).status_code == 201
    assert browser.get("/api/v1/collections", headers={"x-api-key": "wrong"}).status_code == 401
    told = browser.get("/api/v1/me", headers=key).json()["caller"]
    assert (told["scopes"], told["name"]) == (["write"], None)
    assert browser.post("/auth/logout", headers=key).status_code == 409


def test_who_signs_out_is_out_at_once_here_and_at_the_provider(
    browser: TestClient, provider: OpenIdProvider, grove: Grove
) -> None:
    sign_in(browser)
    secret = browser.cookies["grove_session"]
    assert browser.post("/auth/logout").status_code == 403  # another page's form
    url = browser.post("/auth/logout", headers=OWN).json()["url"]
    assert httpx.get(url).headers["location"] == f"{HERE}/"
    assert "grove_session" not in browser.cookies
    browser.cookies.set("grove_session", secret, domain="127.0.0.1", path="/")
    assert me(browser) is None
    assert browser.get("/api/v1/collections").status_code == 401
    assert browser.post("/auth/logout", headers=OWN).status_code == 401
    assert grove.sessions.sessions() == []


def test_one_signs_out_here_also_where_the_provider_has_no_place_for_it(
    browser: TestClient, provider: OpenIdProvider
) -> None:
    provider.metadata = {"end_session_endpoint": None}
    sign_in(browser)
    assert browser.post("/auth/logout", headers=OWN).json() == {"url": None}
    assert me(browser) is None


def test_a_revoked_session_is_over_at_once(browser: TestClient, grove: Grove) -> None:
    sign_in(browser)
    admin = with_key(grove, "admin")
    (listed,) = admin.get("/api/v1/sessions").json()["sessions"]
    assert (listed["subject"], listed["name"]) == ("user:u-1815", "Ada Lovelace")
    path = f"/api/v1/sessions/{listed['session_id']}"
    assert browser.delete(path, headers=OWN).status_code == 403
    assert admin.delete(path).status_code == 200
    assert browser.get("/api/v1/collections").status_code == 401
    assert admin.delete(path).status_code == 404
    assert admin.get("/api/v1/sessions").json() == {"sessions": [], "next": None}


def test_the_command_line_lists_sessions_and_revokes_them(browser: TestClient, grove: Grove) -> None:
    sign_in(browser)
    where = ["--home", str(grove.settings.home_dir), "--json"]
    listed = CliRunner().invoke(app, ["sessions", "list", *where])
    (session,) = json.loads(listed.stdout)["sessions"]
    assert (session["subject"], session["scopes"]) == ("user:u-1815", ["ask"])
    other = CliRunner().invoke(app, ["sessions", "list", "--tenant", "other", *where])
    assert json.loads(other.stdout) == {"sessions": []}
    revoked = CliRunner().invoke(app, ["sessions", "revoke", session["session_id"], *where])
    assert json.loads(revoked.stdout) == {"session": session}
    assert me(browser) is None


def test_an_erased_person_is_signed_out_and_named_nowhere(browser: TestClient, grove: Grove) -> None:
    sign_in(browser)
    erase_subject(grove, "user:u-1815")
    assert me(browser) is None
    with grove.database.read() as session:
        assert session.scalars(select(SessionRow)).all() == []
    assert "u-1815" not in str(grove.audit.entries())


def test_a_session_that_is_not_used_or_too_old_is_over(browser: TestClient, grove: Grove) -> None:
    sign_in(browser)

    def move(**times: timedelta) -> None:
        with grove.database.write() as session:
            session.execute(
                update(SessionRow).values({name: utc_now() + span for name, span in times.items()})
            )

    def left() -> timedelta:
        with grove.database.read() as session:
            return session.scalars(select(SessionRow)).one().expires_at - utc_now()

    move(expires_at=timedelta(minutes=5))
    assert me(browser) is not None
    assert left() > timedelta(hours=1.9)  # it was used
    move(expires_at=timedelta(minutes=5), ends_at=timedelta(minutes=8))
    assert me(browser) is not None
    assert left() <= timedelta(minutes=8)  # to use it does not make it longer than it may be
    move(expires_at=timedelta(seconds=-1))
    assert me(browser) is None


def test_sessions_of_other_settings_are_over(browser: TestClient, grove_with: Callable[..., Grove]) -> None:
    sign_in(browser)
    secret = browser.cookies["grove_session"]
    for changes, is_in in (({}, True), ({"groups": {"admins": {"scopes": ["admin"]}}}, False)):
        other = browser_of(grove_with(**changes))
        other.cookies.set("grove_session", secret, domain="127.0.0.1", path="/")
        assert (me(other) is not None) is is_in
    without = client_of(Grove(small_settings(grove_with().settings.home_dir)))
    without.cookies.set("grove_session", secret, domain="127.0.0.1", path="/")
    without.headers["x-forwarded-for"] = "203.0.113.9"
    assert without.get("/api/v1/collections").status_code == 401
