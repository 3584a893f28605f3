import hashlib
import io
import os
import time
from pathlib import Path

import pytest
from _http import client_of, ingested, small_settings
from fastapi.testclient import TestClient
from PIL import Image

from indexing.pages import PagePainter
from indexing.worker import Progress, run_job
from rag.compose import Grove
from rag.core.errors import NotFoundError
from rag.core.settings import IngestionSettings

HANDBOOK = Path(__file__).parents[3] / "examples" / "handbook.pdf"
NOTES = "# Notes\n\nThe mast was replaced.\n"


def put_in(
    client: TestClient, grove: Grove, name: str, content: bytes, *, collection: str = "default"
) -> str:
    reply = client.post(f"/api/v1/collections/{collection}/documents", files={"files": (name, content)})
    job = run_job(grove, reply.json()["job_id"])
    assert job is not None
    document_id = job.files[0].document_id
    assert document_id is not None
    return document_id


def kept(grove: Grove) -> list[Path]:
    return [path for path in (grove.settings.home_dir / "originals").rglob("*") if path.is_file()]


def make_old(grove: Grove) -> None:
    """Date the originals back, as if kept two hours ago."""
    for path in kept(grove):
        os.utime(path, (time.time() - 7200,) * 2)


def test_a_page_is_drawn_in_the_width_that_is_asked_for(client: TestClient, grove: Grove) -> None:
    document_id = put_in(client, grove, "handbook.pdf", HANDBOOK.read_bytes())
    assert client.get(f"/api/v1/documents/{document_id}").json()["has_page_images"] is True
    reply = client.get(f"/api/v1/documents/{document_id}/pages/2.png", params={"width": 300})
    assert reply.headers["content-type"] == "image/png"
    picture = Image.open(io.BytesIO(reply.content))
    assert picture.width == 300
    assert picture.height > 300
    assert len(set(picture.convert("L").tobytes())) > 10  # letters, not a blank sheet


def test_a_client_that_has_the_page_is_told_so(client: TestClient, grove: Grove) -> None:
    document_id = put_in(client, grove, "handbook.pdf", HANDBOOK.read_bytes())
    url = f"/api/v1/documents/{document_id}/pages/1.png"
    first = client.get(url, params={"width": 200, "version": 1})
    assert first.headers["cache-control"] == "private, max-age=86400"
    tag = {"if-none-match": first.headers["etag"]}
    assert client.get(url, params={"width": 200}, headers=tag).status_code == 304
    assert client.get(url, params={"width": 201}, headers=tag).status_code == 200


@pytest.mark.parametrize("number", ["0", "15", "-1", "9999999999999", "x", "1.5", "%D9%A1"])
def test_a_page_that_is_not_there_is_not_found(client: TestClient, grove: Grove, number: str) -> None:
    document_id = put_in(client, grove, "handbook.pdf", HANDBOOK.read_bytes())
    reply = client.get(f"/api/v1/documents/{document_id}/pages/{number}.png")
    assert reply.status_code == 404
    assert "page" in reply.json()["detail"]


def test_other_formats_have_no_pages_but_their_file(client: TestClient, grove: Grove) -> None:
    document_id = put_in(client, grove, "Notizen für alle.md", NOTES.encode())
    described = client.get(f"/api/v1/documents/{document_id}").json()
    assert (described["has_file"], described["has_page_images"]) == (True, False)
    assert client.get(f"/api/v1/documents/{document_id}/pages/1.png").status_code == 404
    reply = client.get(f"/api/v1/documents/{document_id}/file")
    assert reply.content == NOTES.encode()
    assert (
        reply.headers["content-disposition"] == "attachment; filename*=UTF-8''Notizen%20f%C3%BCr%20alle.md"
    )
    assert reply.headers["content-type"] == "application/octet-stream"  # never run as a page of this site
    assert reply.headers["etag"] == f'"{hashlib.sha256(NOTES.encode()).hexdigest()}"'
    tag = {"if-none-match": f'W/{reply.headers["etag"]}, "other"'}
    assert client.get(f"/api/v1/documents/{document_id}/file", headers=tag).status_code == 304


def test_an_earlier_version_is_still_there(client: TestClient, grove: Grove) -> None:
    document_id = put_in(client, grove, "notes.md", NOTES.encode())
    assert put_in(client, grove, "notes.md", b"# Notes\n\nNew words.\n") == document_id
    url = f"/api/v1/documents/{document_id}/file"
    assert client.get(url, params={"version": 1}).content == NOTES.encode()
    assert client.get(url).content == b"# Notes\n\nNew words.\n"
    assert client.get(url, params={"version": 3}).status_code == 404


def test_an_original_goes_with_the_last_document_that_has_its_bytes(
    client: TestClient, grove: Grove
) -> None:
    first = put_in(client, grove, "notes.md", NOTES.encode())
    put_in(client, grove, "again.md", NOTES.encode(), collection="other")
    assert len(kept(grove)) == 1
    client.delete(f"/api/v1/documents/{first}")
    assert len(kept(grove)) == 1
    make_old(grove)
    client.delete("/api/v1/collections/other")
    assert kept(grove) == []
    assert client.get(f"/api/v1/documents/{first}/file").status_code == 404


def test_an_original_stays_when_its_document_is_deleted_while_another_is_taken_in(
    client: TestClient, grove: Grove
) -> None:
    first = put_in(client, grove, "notes.md", NOTES.encode())
    make_old(grove)
    sent = {"files": ("again.md", NOTES.encode())}
    job_id = client.post("/api/v1/collections/other/documents", files=sent).json()["job_id"]

    def delete(progress: Progress) -> None:
        if progress.step == "encoded":
            client.delete(f"/api/v1/documents/{first}")

    job = run_job(grove, job_id, on_progress=delete)
    assert job is not None
    reply = client.get(f"/api/v1/documents/{job.files[0].document_id}/file")
    assert (reply.status_code, reply.content) == (200, NOTES.encode())


def test_a_young_original_that_nothing_names_is_removed_when_it_is_old(
    client: TestClient, grove: Grove
) -> None:
    client.delete(f"/api/v1/documents/{put_in(client, grove, 'notes.md', NOTES.encode())}")
    grove.originals.sweep()
    assert len(kept(grove)) == 1
    make_old(grove)
    grove.originals.sweep()
    assert kept(grove) == []


def test_a_torn_original_is_not_served(client: TestClient, grove: Grove) -> None:
    document_id = put_in(client, grove, "notes.md", NOTES.encode())
    kept(grove)[0].write_bytes(b"# No")
    reply = client.get(f"/api/v1/documents/{document_id}/file")
    assert (reply.status_code, "not kept" in reply.json()["detail"]) == (404, True)
    put_in(client, grove, "notes.md", NOTES.encode())  # the same bytes again: skipped, but kept
    assert client.get(f"/api/v1/documents/{document_id}/file").content == NOTES.encode()


def test_larger_originals_than_the_limit_are_not_kept(tmp_path: Path) -> None:
    limits = IngestionSettings(max_original_bytes=len(NOTES) - 1)
    grove = Grove(small_settings(tmp_path / "home", ingestion=limits))
    client = client_of(grove)
    document_id = ingested(client, grove, NOTES, "notes.md")
    assert kept(grove) == []
    assert client.get(f"/api/v1/documents/{document_id}").json()["has_file"] is False


def test_a_page_that_takes_too_long_or_is_broken_costs_nothing_but_its_picture() -> None:
    content = HANDBOOK.read_bytes()
    hasty = PagePainter(max_seconds=0.001, max_bytes=10**9)
    with pytest.raises(NotFoundError, match=r"longer than 0\.001 s"):
        hasty.png(content, name="a.pdf", number=1, width=100)
    patient = PagePainter(max_seconds=60, max_bytes=10**9)
    with pytest.raises(NotFoundError, match="cannot be drawn"):
        patient.png(content[:200], name="a.pdf", number=1, width=100)
