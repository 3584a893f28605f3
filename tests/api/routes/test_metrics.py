"""What /metrics shows, and that its list, its table and its text agree."""

from pathlib import Path

import pytest
from _http import Filled, client_of, ingested, small_settings
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.telemetry.names import METRICS
from rag.compose import Grove
from rag.core.settings import ServerSettings


def scraped(client: TestClient) -> dict[str, float]:
    """Give every sample as `name{label="value"}` -> value."""
    reply = client.get("/metrics")
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain; version=")
    return {
        sample.name
        + "".join(f",{name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def asked(client: TestClient, question: str = "How tall is the tower?", **body: object) -> None:
    assert client.post("/api/v1/ask", json={"question": question, **body}).status_code == 200


def test_every_metric_that_is_listed_is_shown_and_no_other(filled: Filled) -> None:
    asked(filled.client)
    assert (
        filled.client.post("/api/v1/ask", json={"question": "a", "generator": "broken"}).status_code == 422
    )
    families = text_string_to_metric_families(filled.client.get("/metrics").text)
    shown = {family.name: family for family in families if family.name.startswith("grove_")}
    listed = {metric.name.removesuffix("_total"): metric for metric in METRICS}
    absent = {"grove_segment_files_bytes"}  # the rows of this installation are in memory
    assert shown.keys() == listed.keys() - absent
    assert all(shown[name].type == listed[name].kind for name in shown)


def test_the_labels_are_those_that_are_listed(filled: Filled) -> None:
    asked(filled.client)
    listed = {metric.name.removesuffix("_total"): set(metric.labels) for metric in METRICS}
    for family in text_string_to_metric_families(filled.client.get("/metrics").text):
        for sample in family.samples if family.name in listed else ():
            assert set(sample.labels) - {"le"} == listed[family.name], sample


def test_requests_are_counted_by_template_and_status(grove: Grove) -> None:
    client = client_of(grove)
    client.get("/api/v1/runs/one")
    client.get("/api/v1/runs/two")
    client.get("/nowhere/at/all")
    samples = scraped(client)
    counted = "grove_http_requests_total,method=GET,route="
    assert samples[f"{counted}/api/v1/runs/{{run_id}},status=404"] == 2
    assert samples[f"{counted}unmatched,status=404"] == 1
    assert samples["grove_http_request_seconds_count,method=GET,route=/api/v1/runs/{run_id}"] == 2
    assert samples["grove_http_requests_in_progress"] == 1  # the scrape itself


def test_a_question_is_counted_with_its_steps_tokens_and_first_token(grove: Grove) -> None:
    client = client_of(grove)
    ingested(client, grove)
    asked(client)
    samples = scraped(client)
    assert samples["grove_runs_total,generator=default,outcome=answered"] == 1
    assert samples["grove_run_seconds_count,generator=default"] == 1
    assert samples["grove_run_first_token_seconds_count,generator=default"] == 1
    assert samples["grove_tokens_total,generator=default,kind=completion"] > 0
    for step in ("retrieve", "read", "generate", "cite"):
        assert samples[f"grove_step_seconds_count,step={step}"] == 1
    assert samples["grove_search_stage_seconds_count,stage=total"] == 1
    assert (
        samples["grove_run_first_token_seconds_sum,generator=default"]
        <= samples["grove_run_seconds_sum,generator=default"]
    )


def test_a_search_counts_its_stages(grove: Grove) -> None:
    client = client_of(grove)
    ingested(client, grove)
    client.post("/api/v1/search", json={"query": "tower"})
    assert scraped(client)["grove_search_stage_seconds_count,stage=total"] == 1
    client.post("/v1/vector_stores/default/search", json={"query": ["tower", "Paris"]})
    assert scraped(client)["grove_search_stage_seconds_count,stage=total"] == 3


def test_a_question_that_is_refused_before_it_begins_is_rejected(grove: Grove) -> None:
    client = client_of(grove)
    client.post("/api/v1/ask", json={"question": "how?", "collection": "absent"})
    samples = scraped(client)
    assert samples["grove_runs_total,generator=resumed,outcome=rejected"] == 1
    assert "grove_run_seconds_count,generator=resumed" not in samples


def test_what_workers_do_is_read_from_the_database(grove: Grove) -> None:
    client = client_of(grove)
    ingested(client, grove)
    client.post("/api/v1/collections/default/documents", files={"files": ("wait.txt", b"not yet")})
    samples = scraped(client)
    assert samples["grove_database_up"] == 1
    assert samples["grove_jobs,kind=ingest,state=done"] == 1
    assert samples["grove_jobs,kind=ingest,state=queued"] == 1
    assert samples["grove_queue_depth"] == 1
    assert 0 <= samples["grove_queue_oldest_job_age_seconds"] < 60
    assert samples["grove_job_files,state=done"] == samples["grove_documents"] == 1
    assert samples["grove_job_chunks"] == samples["grove_index_rows,state=live"] > 0
    assert samples["grove_database_bytes"] > 0


def test_a_scrape_tells_that_the_database_is_down(tmp_path: Path) -> None:
    server = ServerSettings(api_key="k" * 40)  # of the settings: others are in the database
    absent = f"sqlite:///{tmp_path}/absent/grove.db"
    client = client_of(Grove(small_settings(tmp_path, database_url=absent, server=server)))
    assert client.get("/metrics").status_code == 401
    client.headers["x-api-key"] = "k" * 40
    samples = scraped(client)
    assert samples["grove_database_up"] == 0
    assert "grove_documents" not in samples


@pytest.mark.postgres
def test_the_counts_are_the_same_on_postgresql(grove_home: Path, postgres_url: str) -> None:
    grove = Grove(small_settings(grove_home, database_url=postgres_url, store=None))
    client = client_of(grove)
    ingested(client, grove)
    samples = scraped(client)
    assert samples["grove_documents"] == 1
    assert samples["grove_index_rows,state=live"] > 0
    assert samples["grove_database_bytes"] > 1_000_000
    grove.database.close()
