"""Sessions on both databases; what browsers may do with them is tests/api/oidc/test_signing_in.py."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from rag.core.access import Access
from rag.core.errors import NotFoundError, UnauthenticatedError
from rag.core.oidc_settings import OidcSettings
from rag.db.access_tables import SessionRow
from rag.db.session import Database
from rag.db.sessions import SessionRegister, Sessions
from rag.db.tables import utc_now

SETTINGS = OidcSettings(
    issuer="https://sso.example.com",
    client_id="grove",
    public_url="https://grove.example.com",
    default_scopes=("ask",),
)
ADA = Access("acme", "user:ada", frozenset({"ask", "write"}), frozenset({"a", "b"}), frozenset({"a"}))


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database, SETTINGS)


def test_a_session_stands_for_who_began_it_and_no_other_secret_does(sessions: Sessions) -> None:
    secret, begun = sessions.begin(ADA, name="Ada", id_token="t")
    assert sessions.find(secret) == begun
    assert begun.access == ADA
    other = Access("acme", "user:bea")
    assert sessions.find(sessions.begin(other, name="Bea", id_token="t")[0]).access == other
    for wrong in ("", "x", secret[:-1], secret.upper(), begun.session_id):
        with pytest.raises(UnauthenticatedError):
            sessions.find(wrong)


def test_a_session_that_ended_gives_its_token_once(sessions: Sessions) -> None:
    secret, _ = sessions.begin(ADA, name="Ada", id_token="the token")
    assert [sessions.end(secret), sessions.end(secret)] == ["the token", None]
    with pytest.raises(UnauthenticatedError):
        sessions.find(secret)


def test_sessions_that_are_over_leave_no_row_when_the_next_begins(
    sessions: Sessions, database: Database
) -> None:
    sessions.begin(ADA, name="Ada", id_token="t")
    with database.write() as session:
        session.execute(update(SessionRow).values(expires_at=utc_now() - timedelta(seconds=1)))
    sessions.begin(ADA, name="Ada", id_token="t")
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SessionRow)) == 1


def test_administrators_see_and_end_those_of_their_tenant_page_by_page(
    sessions: Sessions, database: Database
) -> None:
    secrets = [sessions.begin(ADA, name=f"Ada {number}", id_token="t")[0] for number in range(3)]
    sessions.begin(Access("other", "user:eve"), name="Eve", id_token="t")
    own, other = SessionRegister(database, Access("acme")), SessionRegister(database, Access("other"))
    first = own.sessions(2)
    listed = [*first, *own.sessions(2, after=first[-1].session_id)]
    assert sorted(each.name for each in listed) == ["Ada 0", "Ada 1", "Ada 2"]
    assert [each.session_id for each in listed] == sorted(each.session_id for each in listed)
    with pytest.raises(NotFoundError):
        other.revoke(listed[0].session_id)
    for each in listed:
        assert own.revoke(each.session_id).subject == "user:ada"
    for secret in secrets:
        with pytest.raises(UnauthenticatedError):
            sessions.find(secret)
    assert [each.name for each in other.sessions()] == ["Eve"]
