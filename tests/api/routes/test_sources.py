"""What callers of the HTTP API may have the server get: nothing, unless it is turned on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _web_server import web_server
from fastapi.testclient import TestClient

from api.main import create_app
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.access import Access
from rag.core.settings import Part, Settings
from rag.core.source_settings import SourceSettings


@pytest.fixture
def port() -> Iterator[int]:
    with web_server() as port:
        yield port


def client_of(home: Path, sources: SourceSettings) -> tuple[TestClient, Grove]:
    grove = Grove(Settings(home=home, encoder=Part(kind="hashing"), sources=sources))
    return TestClient(create_app(grove), base_url="http://127.0.0.1"), grove


def test_addresses_are_refused_unless_fetching_is_turned_on(grove_home: Path) -> None:
    client, _ = client_of(grove_home, SourceSettings())
    reply = client.post("/api/v1/collections/web/urls", json={"urls": ["https://example.org/"]})
    assert reply.status_code == 422
    assert "GROVE_SOURCES__URLS=true turns it on" in reply.json()["detail"]


def test_addresses_are_fetched_and_those_that_lead_inside_are_failed_files(
    grove_home: Path, port: int
) -> None:
    settings = SourceSettings(urls=True, ports=(80, port), private_networks=("127.0.0.1/32",))
    client, grove = client_of(grove_home, settings)
    page = f"http://127.0.0.1:{port}/page"
    urls = [
        page,
        "http://169.254.169.254/latest",
        "http://0x7f.1/",
        "file:///etc/passwd",
        "s3://secret/a.txt",
    ]
    reply = client.post("/api/v1/collections/web/urls", json={"urls": urls})
    assert reply.status_code == 202
    status = run_job(grove, reply.json()["job_id"])
    assert status is not None
    assert {file.source for file in status.files if file.state == "done"} == {page}
    assert {file.source for file in status.files if file.state == "failed"} == set(urls) - {page}
    found = grove.search("depot", collection="web", retriever="lexical").passages
    assert [passage.title for passage in found] == ["Depot"]


@pytest.mark.parametrize(
    "place",
    ["/etc", "file:///etc", "s3://other/a", "s3://reports", "s3://reports/../other", "s3://reports//other"],
)
def test_only_places_that_are_served_may_be_named(grove_home: Path, place: str) -> None:
    client, _ = client_of(grove_home, SourceSettings(served=("s3://reports/",)))
    reply = client.post("/api/v1/collections/c/sync", json={"places": [place]})
    assert reply.status_code == 422
    assert "may not be named over HTTP" in reply.json()["detail"]


@pytest.mark.parametrize(("tenant", "collections"), [("acme", None), ("default", ["c"])])
def test_buckets_of_the_settings_are_neither_for_another_tenant_nor_for_who_has_a_list(
    grove_home: Path, tenant: str, collections: list[str] | None
) -> None:
    client, grove = client_of(grove_home, SourceSettings(served=("s3://reports/",)))
    keys = grove.within(Access(tenant)).keys
    shown = {"x-api-key": keys.create("k", scopes=["write"], collections=collections).secret}
    body: dict[str, Any] = {"places": ["s3://reports/a"]}
    synced = client.post("/api/v1/collections/c/sync", json=body, headers=shown)
    body |= {"collection": "c", "every": "15m"}
    scheduled = client.post("/api/v1/schedules", json=body, headers=shown)
    for reply in (synced, scheduled):
        assert reply.status_code == 422
        assert "not for your key" in reply.json()["detail"]
