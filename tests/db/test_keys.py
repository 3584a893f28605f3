from datetime import timedelta

import pytest
from sqlalchemy import select

from rag.core.access import SCOPES, Access
from rag.core.errors import ForbiddenError, InvalidInputError, NotFoundError, UnauthenticatedError
from rag.db.keys import Keyring, access_of, has_keys
from rag.db.session import Database
from rag.db.tables import KeyRow, utc_now


@pytest.fixture
def keyring(database: Database) -> Keyring:
    return Keyring(database, Access("acme"))


def test_a_key_lets_in_who_it_was_made_for(keyring: Keyring, database: Database) -> None:
    assert not has_keys(database)
    made = keyring.create("chat widget", scopes=["ask"])
    assert has_keys(database)
    access = access_of(database, made.secret)
    assert (access.tenant, access.subject) == ("acme", f"key:{made.key.key_id}")
    assert [scope for scope in SCOPES if access.has(scope)] == ["read", "ask"]
    access.require("read")
    with pytest.raises(ForbiddenError, match="'write'"):
        access.require("write")


def test_keys_of_one_user_are_one_subject(keyring: Keyring, database: Database) -> None:
    made = [keyring.create(name, scopes=["read"], user="ada@example.org") for name in ("old", "new")]
    assert {access_of(database, each.secret).subject for each in made} == {"user:ada@example.org"}


def test_the_database_holds_no_secret(keyring: Keyring, database: Database) -> None:
    secret = keyring.create("k", scopes=["read"]).secret
    with database.read() as session:
        (row,) = session.scalars(select(KeyRow))
    assert secret.startswith(f"grove_{row.id}_")
    assert secret.removeprefix(f"grove_{row.id}_") not in repr(vars(row))
    assert len(secret) == len("grove_") + 12 + 1 + 43


@pytest.mark.parametrize("change", ["revoked", "expired"])
def test_a_key_that_is_no_longer_valid_lets_nobody_in(
    keyring: Keyring, database: Database, change: str
) -> None:
    made = keyring.create("k", scopes=["admin"], expires_at=utc_now() + timedelta(days=1))
    if change == "revoked":
        assert keyring.revoke(made.key.key_id).state == "revoked"
        keyring.revoke(made.key.key_id)
    else:
        with database.write() as session:
            session.get_one(KeyRow, made.key.key_id).expires_at = utc_now() - timedelta(seconds=1)
    with pytest.raises(UnauthenticatedError, match=change):
        access_of(database, made.secret)
    assert [key.state for key in keyring.keys()] == [change]
    assert has_keys(database)


@pytest.mark.parametrize(
    "secret", ["", "grove_", "x" * 10_000, "grove_000000000000_" + "A" * 43, "' OR 1=1 --", "grøve"]
)
def test_what_is_no_key_lets_nobody_in(keyring: Keyring, database: Database, secret: str) -> None:
    keyring.create("k", scopes=["admin"])
    with pytest.raises(UnauthenticatedError):
        access_of(database, secret)


def test_a_secret_that_differs_in_one_character_is_another(keyring: Keyring, database: Database) -> None:
    secret = keyring.create("k", scopes=["admin"]).secret
    other = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    with pytest.raises(UnauthenticatedError):
        access_of(database, other)


def test_a_tenant_neither_sees_nor_revokes_another_ones_keys(keyring: Keyring, database: Database) -> None:
    made = keyring.create("k", scopes=["admin"])
    other = Keyring(database, Access("other"))
    assert other.keys() == []
    with pytest.raises(NotFoundError):
        other.revoke(made.key.key_id)
    assert access_of(database, made.secret).tenant == "acme"


def test_keys_are_listed_page_by_page(keyring: Keyring) -> None:
    ids = sorted(keyring.create(f"k{number}", scopes=["read"]).key.key_id for number in range(3))
    first = keyring.keys(2)
    rest = keyring.keys(2, after=first[-1].key_id)
    assert [key.key_id for key in [*first, *rest]] == ids


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"user": "two words"},
        {"user": "key:0"},
        {"user": ""},
        {"expires_at": utc_now() - timedelta(days=1)},
    ],
)
def test_a_wrong_key_is_not_made(keyring: Keyring, wrong: dict[str, object]) -> None:
    options: dict[str, object] = {"name": "k", "scopes": ["read"], **wrong}
    with pytest.raises(InvalidInputError):
        keyring.create(**options)  # type: ignore[arg-type]
    assert keyring.keys() == []
