import pytest
from fastapi.testclient import TestClient

from indexing.worker import run_job
from rag.compose import Grove


def test_jobs_are_listed_newest_first(client: TestClient) -> None:
    made = [
        client.post("/api/v1/collections/c/documents", files={"files": (f"{n}.txt", b"x")}).json()["job_id"]
        for n in range(3)
    ]
    listed = client.get("/api/v1/jobs?limit=2").json()["jobs"]
    assert [job["job_id"] for job in listed] == [made[2], made[1]]


def test_an_unknown_job_is_not_found(client: TestClient) -> None:
    reply = client.get("/api/v1/jobs/nobody")
    assert reply.status_code == 404
    assert reply.json()["detail"] == "no job 'nobody'; GET /api/v1/jobs lists what there is"


def uploaded(client: TestClient, name: str = "a.txt", content: bytes = b"words") -> str:
    reply = client.post("/api/v1/collections/c/documents", files={"files": (name, content)})
    job_id: str = reply.json()["job_id"]
    return job_id


def test_a_job_is_paused_resumed_and_cancelled(client: TestClient, grove: Grove) -> None:
    job_id = uploaded(client)
    assert client.post(f"/api/v1/jobs/{job_id}/pause").json()["state"] == "paused"
    assert run_job(grove, job_id) is None
    assert client.post(f"/api/v1/jobs/{job_id}/resume").json()["state"] == "queued"
    cancelled = client.post(f"/api/v1/jobs/{job_id}/cancel").json()
    assert (cancelled["state"], cancelled["files"][0]["state"]) == ("cancelled", "cancelled")
    assert list((grove.settings.home_dir / "uploads").iterdir()) == []


def test_a_failed_upload_is_retried(client: TestClient, grove: Grove) -> None:
    job_id = uploaded(client, "broken.pdf", b"no PDF")
    run_job(grove, job_id)
    reply = client.post(f"/api/v1/jobs/{job_id}/retry").json()
    assert (reply["state"], reply["files"][0]["state"], reply["files"][0]["error"]) == (
        "queued",
        "queued",
        None,
    )


@pytest.mark.parametrize("act", ["pause", "resume", "cancel", "retry"])
def test_what_cannot_be_done_to_a_job_is_a_conflict_and_an_unknown_one_is_not_found(
    client: TestClient, grove: Grove, act: str
) -> None:
    job_id = uploaded(client)
    run_job(grove, job_id)
    assert client.post(f"/api/v1/jobs/{job_id}/{act}").status_code == 409
    assert client.post(f"/api/v1/jobs/nobody/{act}").status_code == 404
