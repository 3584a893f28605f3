"""Every list comes in pages, and the pages together are the list."""

from pathlib import Path
from typing import Any

import pytest
from _http import client_of, ingested, small_settings
from fastapi.testclient import TestClient

from rag.compose import Grove

LISTS = {
    "/api/v1/collections": "collections",
    "/api/v1/jobs": "jobs",
    "/api/v1/runs": "runs",
    "/api/v1/tools": "tools",
    "/api/v1/collections/default/documents": "documents",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """Give a client of an installation with several of each thing."""
    home: Path = tmp_path_factory.mktemp("pages")
    grove = Grove(small_settings(home))
    client = client_of(grove)
    for number in range(3):
        ingested(client, grove, text=f"The tower is {number} metres tall.", name=f"{number}.txt")
        client.post("/api/v1/collections", json={"name": f"c{number}"})
        client.post("/api/v1/ask", json={"question": f"How tall is tower {number}?"})
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


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/runs", "/api/v1/tools"])
def test_a_page_behind_nothing_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path, params={"after": "nothing"}).status_code == 404
