import shutil
from pathlib import Path

import pytest
from _http import client_of, ingested, small_settings
from fastapi.testclient import TestClient

from rag.compose import Grove
from rag.core.settings import Part


def test_a_living_process_says_so(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_a_balancer_may_ask_for_the_head_alone(client: TestClient, path: str) -> None:
    assert client.head(path).status_code == 200


def test_liveness_touches_nothing(grove_home: Path, client: TestClient) -> None:
    client.get("/health")
    assert not grove_home.exists()


@pytest.mark.usefixtures("document_id")
def test_readiness_names_each_dependency_with_its_latency(client: TestClient) -> None:
    reply = client.get("/health/ready")
    assert reply.status_code == 200
    assert reply.json()["status"] == "ready"
    dependencies = {each["name"]: each for each in reply.json()["dependencies"]}
    assert set(dependencies) == {"database", "store", "encoder", "generator"}
    assert all(each["ok"] for each in dependencies.values())
    assert all(each["latency_ms"] >= 0 for each in dependencies.values())


def test_who_asks_again_within_a_second_is_told_the_same(client: TestClient) -> None:
    first, second = (client.get("/health/ready").json()["dependencies"] for _ in range(2))
    assert [each["latency_ms"] for each in first] == [each["latency_ms"] for each in second]


def test_an_empty_installation_is_ready(client: TestClient) -> None:
    assert client.get("/health/ready").status_code == 200


def test_a_generator_that_does_not_exist_is_down_and_the_log_alone_says_why(
    grove_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    grove = Grove(small_settings(grove_home, generator=Part(kind="oracle")))
    reply = client_of(grove).get("/health/ready")
    assert reply.status_code == 503
    assert reply.json()["status"] == "down"
    assert int(reply.headers["retry-after"]) > 0
    down = [each for each in reply.json()["dependencies"] if not each["ok"]]
    assert [each["name"] for each in down] == ["generator"]
    assert "'oracle'" in caplog.text
    assert "oracle" not in reply.text


def test_a_database_that_cannot_be_opened_is_down(tmp_path: Path) -> None:
    grove = Grove(small_settings(tmp_path, database_url=f"sqlite:///{tmp_path}/absent/grove.db"))
    reply = client_of(grove).get("/health/ready")
    assert reply.status_code == 503
    assert {each["name"] for each in reply.json()["dependencies"] if not each["ok"]} >= {"database"}


def test_a_store_whose_files_are_gone_is_down(grove_home: Path) -> None:
    settings = small_settings(grove_home, store=Part(kind="faiss"))
    grove = Grove(settings)
    ingested(client_of(grove), grove)
    shutil.rmtree(grove_home / "segments")
    reply = client_of(Grove(settings)).get("/health/ready")  # a process that has nothing open yet
    assert reply.status_code == 503
    assert [each["name"] for each in reply.json()["dependencies"] if not each["ok"]] == ["store"]
