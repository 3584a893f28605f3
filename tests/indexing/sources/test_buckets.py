"""A bucket is taken in and followed as a folder is."""

from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from _bucket_server import bucket_server
from fastapi.testclient import TestClient

from api.main import create_app
from indexing.listing import list_places
from indexing.sources.buckets import Buckets
from indexing.submit import submit_listing
from indexing.sync import plan_sync, submit_sync
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.errors import UnavailableError, UnreadableDocumentError
from rag.core.settings import Part, Settings
from rag.core.source_settings import SourceSettings

PLACE = "s3://reports/2026"


@pytest.fixture
def bucket() -> Iterator[Any]:
    with bucket_server("reports") as files:
        for name in (
            "2026/a.txt",
            "2026/deep/b.md",
            "2026/.hidden.txt",
            "2026/picture.raw",
            "2025/old.txt",
        ):
            files.pipe(f"s3://reports/{name}", f"This is {name}.".encode())
        yield files


@pytest.fixture
def grove(grove_home: Any) -> Grove:
    sources = SourceSettings(served=("s3://reports/2026",))
    return Grove(Settings(home=grove_home, encoder=Part(kind="hashing"), sources=sources))


def sync(grove: Grove) -> dict[str, str]:
    synced = submit_sync(grove, list_places(grove, [PLACE]), collection="c")
    status = run_job(grove, synced.job_id) if synced.job_id else None
    return {file.source.removeprefix(f"{PLACE}/"): file.state for file in status.files} if status else {}


def test_a_bucket_is_followed_and_what_has_not_changed_is_not_read(grove: Grove, bucket: Any) -> None:
    assert sync(grove) == {"a.txt": "done", "deep/b.md": "done"}
    bucket.pipe(f"{PLACE}/a.txt", b"Another text.")
    bucket.pipe(f"{PLACE}/new.txt", b"A new text.")
    bucket.rm(f"{PLACE}/deep/b.md")
    plan = plan_sync(grove, list_places(grove, [PLACE]), collection="c")
    assert (plan.add, plan.replace, plan.delete) == (
        [f"{PLACE}/new.txt"],
        [f"{PLACE}/a.txt"],
        [f"{PLACE}/deep/b.md"],
    )
    assert sync(grove) == {"a.txt": "done", "deep/b.md": "deleted", "new.txt": "done"}
    assert grove.catalog.sources("c") == [f"{PLACE}/a.txt", f"{PLACE}/new.txt"]
    assert sync(grove) == {}
    status = run_job(grove, submit_listing(grove, list_places(grove, [PLACE]), collection="c"))
    assert status is not None
    assert [(file.state, file.bytes) for file in status.files] == [("skipped", 0)] * 2


def test_a_bucket_that_is_served_is_followed_over_http(grove: Grove, bucket: Any) -> None:
    client = TestClient(create_app(grove), base_url="http://127.0.0.1")
    path = "/api/v1/collections/c/sync"
    plan = client.post(path, json={"places": [PLACE], "dry_run": True}).json()
    assert (plan["job"], sorted(plan["plan"]["add"])) == (None, [f"{PLACE}/a.txt", f"{PLACE}/deep/b.md"])
    reply = client.post(path, json={"places": [PLACE]})
    assert reply.status_code == 202
    status = run_job(grove, reply.json()["job"]["job_id"])
    assert status is not None
    assert (status.state, status.files_done) == ("done", 2)
    assert client.post(path, json={"places": ["s3://reports/2025"]}).status_code == 422


class Refused(fsspec.AbstractFileSystem):  # type: ignore[misc]  # it has no types
    """A cloud whose library has errors of its own."""

    def find(self, path: str, **_: object) -> dict[str, object]:
        raise Exception("no credentials")

    def open(self, path: str, mode: str = "rb", **_: object) -> None:
        raise Exception("no credentials")


def test_errors_of_other_clouds_are_told() -> None:
    fsspec.register_implementation("refused", Refused, clobber=True)
    buckets = Buckets(SourceSettings(buckets=("refused",)))
    with pytest.raises(UnavailableError, match="cannot be listed: Exception: no credentials"):
        list(buckets.list("refused://reports"))
    with pytest.raises(UnreadableDocumentError, match="cannot be read: Exception: no credentials"):
        buckets.fetch("refused://reports/a.txt", max_bytes=10)
