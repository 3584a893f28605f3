"""Administrators read what the server runs with; nobody reads a secret of it."""

import re
from pathlib import Path
from typing import Any

from _http import client_of, small_settings

from api.shown_settings import setting_groups
from rag.compose import Grove
from rag.core.access import Access
from rag.core.settings import Settings

REPOSITORY = Path(__file__).parents[3]
ADDRESS = "/api/v1/settings"
SECRET = "open-sesame-" * 4
SECRETS: dict[str, Any] = {
    "server": {"api_key": SECRET, "traces_endpoint": f"https://me:{SECRET}@traces/v1?token={SECRET}"},
    "sql": {"sources": {"shop": {"url": f"postgresql://reader:{SECRET}@db/shop"}}},
    "tools": {"servers": {"far": {"url": "https://tools/mcp", "authorization": f"Bearer {SECRET}"}}},
    "generators": {"far": {"kind": "openai", "options": {"model": "m", "api_key": SECRET}}},
}


def values_of(reply: Any) -> dict[str, Any]:
    return {each["variable"]: each for group in reply["groups"] for each in group["settings"]}


def test_an_administrator_reads_every_setting_and_no_secret(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home, **SECRETS))
    reply = client_of(grove).get(ADDRESS, headers={"x-api-key": SECRET})
    assert SECRET not in reply.text
    assert "open-sesame" not in reply.text
    found = values_of(reply.json())
    assert found["GROVE_SERVER__API_KEY"]["value"] == "•••"
    assert found["GROVE_SERVER__TRACES_ENDPOINT"]["value"] == "https://•••@traces/v1?•••"
    assert found["GROVE_ENCODER__KIND"] == {
        "variable": "GROVE_ENCODER__KIND",
        "value": "hashing",
        "is_default": False,
        "meaning": "Text to vectors: a file of rag/encoders.",
    }
    assert '"model": "m"' in found["GROVE_GENERATORS"]["value"]
    assert re.fullmatch(r"\d+\..*", reply.json()["version"])


def test_every_variable_of_the_settings_page_is_in_one_group() -> None:
    page = (REPOSITORY / "docs" / "settings.md").read_text()
    documented = re.findall(r"^\| `(GROVE_\w+)` \|", page, re.MULTILINE)
    shown = [each.variable for group in setting_groups(Settings()) for each in group.settings]
    assert sorted(shown) == sorted(documented)


def test_what_follows_from_other_settings_is_shown_and_is_a_default(tmp_path: Path) -> None:
    groups = setting_groups(Settings(home=tmp_path))
    found = {each.variable: (each.value, each.is_default) for group in groups for each in group.settings}
    assert found["GROVE_HOME"] == (str(tmp_path), False)
    assert found["GROVE_DATABASE_URL"] == (f"sqlite:///{tmp_path}/grove.db", True)
    assert found["GROVE_INDEXES"] == ("dense,late", True)
    assert found["GROVE_SQL__GENERATOR"] == (None, True)


def test_nobody_else_reads_them(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home))
    client = client_of(grove)
    callers = [("default", "write"), ("default", "ask"), ("other", "admin")]
    for tenant, scope in callers:
        secret = grove.within(Access(tenant)).keys.create("k", scopes=[scope]).secret
        reply = client.get(ADDRESS, headers={"x-api-key": secret})
        assert reply.status_code == 403, (tenant, scope)
        assert "GROVE_" not in reply.text
