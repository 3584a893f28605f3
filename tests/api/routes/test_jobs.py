from fastapi.testclient import TestClient


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
    assert "'nobody'" in reply.json()["detail"]
