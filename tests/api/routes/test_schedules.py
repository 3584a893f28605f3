"""Schedules over HTTP: of what is served, listed, run and removed."""

from pathlib import Path

from _bucket_server import bucket_server
from fastapi.testclient import TestClient

from api.main import create_app
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.settings import Part, Settings
from rag.core.source_settings import SourceSettings

PLACE = "s3://reports/2026"
PATH = "/api/v1/schedules"


def test_a_bucket_is_followed_by_a_schedule(grove_home: Path) -> None:
    sources = SourceSettings(served=("s3://reports/",))
    grove = Grove(Settings(home=grove_home, encoder=Part(kind="hashing"), sources=sources))
    client = TestClient(create_app(grove), base_url="http://127.0.0.1")
    with bucket_server("reports") as files:
        files.pipe(f"{PLACE}/a.txt", b"A report.")
        body = {"collection": "c", "places": [PLACE], "every": "15m"}
        added = client.post(PATH, json=body)
        assert (added.status_code, added.json()["timing"]) == (201, "every 900 s")
        run = client.post(f"{PATH}/{added.json()['schedule_id']}/run")
        assert run.status_code == 202
        run_job(grove, run.json()["last_job_id"])
    (schedule,) = client.get(PATH).json()["schedules"]
    assert (schedule["last_state"], schedule["last_result"]) == ("done", None)
    assert grove.catalog.sources("c") == [f"{PLACE}/a.txt"]
    for word, is_paused in (("pause", True), ("resume", False)):
        reply = client.post(f"{PATH}/{schedule['schedule_id']}/{word}")
        assert (reply.status_code, reply.json()["is_paused"]) == (200, is_paused)
        assert client.post(f"{PATH}/nothing/{word}").status_code == 404
    assert client.delete(f"{PATH}/{schedule['schedule_id']}").json() == {"schedules": []}
    assert client.delete(f"{PATH}/{schedule['schedule_id']}").status_code == 404
    assert client.post(f"{PATH}/{schedule['schedule_id']}/run").status_code == 404


def test_a_schedule_of_what_may_not_be_named_or_at_no_time_is_refused(grove_home: Path) -> None:
    grove = Grove(Settings(home=grove_home, encoder=Part(kind="hashing")))
    client = TestClient(create_app(grove), base_url="http://127.0.0.1")
    for body in (
        {"collection": "c", "places": ["/etc"], "every": "15m"},
        {"collection": "c", "places": [PLACE], "every": "15m"},
        {"collection": "c", "places": [PLACE], "cron": "never"},
        {"collection": "c", "places": [PLACE]},
    ):
        assert client.post(PATH, json=body).status_code == 422
    assert client.get(PATH).json() == {"schedules": []}
