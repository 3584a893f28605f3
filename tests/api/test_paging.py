"""Every list comes in pages, and the pages together are the list."""

from pathlib import Path
from typing import Any

import pytest
from _http import client_of, ingested, small_settings, wait_until
from fastapi.testclient import TestClient

from api.paging import named_page
from rag.compose import Grove

LISTS = {
    "/api/v1/collections": "collections",
    "/api/v1/jobs": "jobs",
    "/api/v1/runs": "runs",
    "/api/v1/tools": "tools",
    "/api/v1/conversations": "conversations",
    "/api/v1/feedback": "feedback",
    "/api/v1/collections/default/documents": "documents",
}

TIMED = ("conversations", "feedback", "jobs", "runs")  # the newest first


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """Give a client of an installation with several of each thing."""
    home: Path = tmp_path_factory.mktemp("pages")
    grove = Grove(small_settings(home))
    client = client_of(grove)
    for number in range(3):
        ingested(client, grove, text=f"The tower is {number} metres tall.", name=f"{number}.txt")
        client.post("/api/v1/collections", json={"name": f"c{number}"})
        asked = client.post("/api/v1/ask", json={"question": f"How tall is tower {number}?"}).json()
        client.post(f"/api/v1/runs/{asked['run_id']}/feedback", json={"rating": "up"})
        client.post("/api/v1/conversations", json={"title": f"Tower {number}"})
    return client


def pages(client: TestClient, path: str, name: str, limit: int) -> list[list[Any]]:
    found, after = [], None
    while True:
        params = {"limit": limit} if after is None else {"limit": limit, "after": after}
        reply = client.get(path, params=params).json()
        found.append(reply[name])
        if (after := reply["next"]) is None:
            return found


@pytest.mark.parametrize(("path", "name"), LISTS.items())
@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_the_pages_together_are_the_list(client: TestClient, path: str, name: str, limit: int) -> None:
    whole = client.get(path, params={"limit": 1000}).json()
    assert whole["next"] is None
    assert len(whole[name]) >= 3
    found = pages(client, path, name, limit)
    assert [item for page in found for item in page] == whole[name]
    assert all(len(page) <= limit for page in found)


def test_every_name_is_on_a_page_however_the_database_sorts_them() -> None:
    sorted_as_words = ["a", "Ä", "b", "B"]
    found: list[str] = []
    page, after = named_page(sorted_as_words, 1, None, str)
    while after is not None:
        found += page
        page, after = named_page(sorted_as_words, 1, after, str)
    assert [*found, *page] == ["B", "a", "b", "Ä"]


@pytest.mark.parametrize(("path", "name"), LISTS.items())
def test_a_page_that_holds_all_is_the_last(client: TestClient, path: str, name: str) -> None:
    num_items = len(client.get(path, params={"limit": 1000}).json()[name])
    assert client.get(path, params={"limit": num_items}).json()["next"] is None


def test_keys_and_what_callers_did_end_with_a_full_page_too(tmp_path: Path) -> None:
    grove = Grove(small_settings(tmp_path))
    shown = {"x-api-key": grove.keys.create("k", scopes=["admin"]).secret}
    client = client_of(grove)
    keys = client.get("/api/v1/keys", params={"limit": 1}, headers=shown).json()
    assert (len(keys["keys"]), keys["next"]) == (1, None)
    wait_until(lambda: len(grove.audit.entries()) == 1)
    oldest = {"limit": 1, "before": grove.audit.entries()[0].seq + 1}
    audit = client.get("/api/v1/audit", params=oldest, headers=shown).json()
    assert (len(audit["entries"]), audit["next"]) == (1, None)


@pytest.mark.parametrize(
    ("path", "after", "status"),
    [
        ("/api/v1/tools", "nothing", 404),
        *(
            (f"/api/v1/{name}", after, 422)
            for name in TIMED
            for after in ("nothing", "9" * 18 + "-a", "2026-05-01T00:00:00+00:00")
        ),
        *((f"/api/v1/{name}", "9" * 17 + "-a", 200) for name in TIMED),
    ],
)
def test_a_page_behind_nothing_is_refused(client: TestClient, path: str, after: str, status: int) -> None:
    assert client.get(path, params={"after": after}).status_code == status
