"""No secret of a setting leaves the server, wherever in the tree it is."""

import pytest
from pydantic import SecretStr

from rag.core.redaction import without_secrets
from rag.core.settings import Settings

SECRET = "sesame"
PLACES: dict[str, object] = {
    "SERVER": {"api_key": SECRET * 6},
    "DATABASE_URL": f"postgresql+psycopg://grove:{SECRET}@db:5432/grove?password={SECRET}",
    "GENERATOR": {"kind": "openai", "options": {"api_key": SECRET, "headers": {"X-Door": SECRET}}},
    "GENERATORS": {"far": {"kind": "openai", "options": {"base_url": f"http://u:{SECRET}@gpu/v1"}}},
    "ENCODER": {"kind": "hashing", "options": {"auth": {"token": SECRET, "salts": [SECRET]}}},
    "SQL": {"sources": {"shop": {"url": f"postgresql://reader:a/{SECRET}@b@db/shop"}}},
    "TOOLS": {
        "servers": {
            "local": {"command": ["npx", "server", f"--pin={SECRET}"], "environment": {"DOOR": SECRET}},
            "far": {"url": f"https://tools/mcp?k={SECRET}", "authorization": f"Bearer {SECRET}"},
        }
    },
}


def settings_with_secrets() -> Settings:
    return Settings(**{name.lower(): value for name, value in PLACES.items()})  # type: ignore[arg-type]


def test_what_is_changed_is_written_down_without_secrets() -> None:
    written = settings_with_secrets().changed()
    assert SECRET not in str(written)
    assert "GROVE_SQL__SOURCES" in written
    assert '"model"' not in written["GROVE_GENERATOR__OPTIONS"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", SecretStr(SECRET)),
        ("client_secret", SECRET),
        ("Authorization", SECRET),
        ("keys", [SECRET]),
        ("options", {"deep": [{"password": SECRET}]}),
        ("dsn", f"host=db password={SECRET} user=grove"),
        ("url", f"https://{SECRET}@host/x"),
        ("url", f"https://host/x?sig={SECRET}#top"),
        ("command", ("program", SECRET)),
    ],
)
def test_a_secret_is_hidden(name: str, value: object) -> None:
    shown = without_secrets(name, value)
    assert SECRET not in str(shown)
    assert "•••" in str(shown)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 192),
        ("home", "/var/lib/grove"),
        ("base_url", "http://gpu:8000/v1"),
        ("served", ["s3://reports/public/"]),
        ("api_key", None),
    ],
)
def test_what_is_no_secret_is_shown_as_it_is(name: str, value: object) -> None:
    assert without_secrets(name, value) == value
