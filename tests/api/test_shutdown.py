"""A server that is stopped while it works: streams end by an event, jobs go on with the next server."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from _http import client_of, ingested, small_settings, wait_until

from api.main import create_app
from api.serving import Server
from rag.compose import Grove

RAG = Path(sys.prefix) / "bin" / "rag"
GRACE_SECONDS = 3
GENERATORS = {
    name: {"kind": "echo", "options": {"delay_seconds": delay}}
    for name, delay in (("quick", 0.15), ("slow", 2))
}
ENVIRONMENT = {
    "GROVE_ENCODER__KIND": "hashing",
    "GROVE_GENERATORS": json.dumps(GENERATORS),
    "GROVE_GENERATION__MIN_ANSWERABILITY": "0",
    "GROVE_SERVER__GRACE_SECONDS": str(GRACE_SECONDS),
}
TEXT = "The tower in Paris is 300 metres tall and was built by the company of Gustave Eiffel in 1889."


@contextmanager
def serving(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [str(RAG), "serve", "--home", str(home), "--port", "0", *options]
    environment = {**os.environ, **ENVIRONMENT}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        lines = (re.search(r"http://\S+:\d+", line) for line in process.stderr)
        try:
            yield process, next(match[0] for match in lines if match)
        finally:
            process.kill()


def rag(home: Path, *arguments: str) -> None:
    subprocess.run([RAG, *arguments, "--home", home], check=True, env={**os.environ, **ENVIRONMENT})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "tower.txt").write_text(TEXT)
    rag(tmp_path / "home", "ingest", str(tmp_path / "tower.txt"))
    return tmp_path / "home"


def streamed(url: str, generator: str) -> list[str]:
    """Ask, and give the types of the events; a stream that is cut raises."""
    body = {"question": "How tall is the tower in Paris?", "generator": generator, "stream": True}
    with httpx.stream("POST", f"{url}/api/v1/ask", json=body, timeout=60) as reply:
        lines = list(reply.iter_lines())
    return [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]


def is_writing(url: str) -> bool:
    found = re.search(
        r'^grove_step_seconds_count\{step="read"\} (\d+)', httpx.get(f"{url}/metrics").text, re.M
    )
    return found is not None and int(found[1]) == 2


def test_an_answer_ends_within_the_grace_time_or_is_told_why_not(home: Path) -> None:
    with serving(home, "--no-worker") as (process, url), ThreadPoolExecutor() as pool:
        quick, slow = (pool.submit(streamed, url, name) for name in ("quick", "slow"))
        wait_until(lambda: is_writing(url), 60)
        process.send_signal(signal.SIGTERM)
        stopped = time.monotonic()
        assert quick.result(60)[-1] == "answer.finished"
        events = slow.result(60)
        assert events[-1] == "error"
        assert "token" in events
        process.wait(60)
        assert time.monotonic() - stopped < GRACE_SECONDS + 15
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/health")
    assert not (home / "server.json").exists()


def test_a_detached_run_ends_within_the_grace_time_though_nobody_listens(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home))
    ingested(client_of(grove), grove)
    server = Server(create_app(grove), grace_seconds=30)
    body = {"question": "How tall is the tower?", "generator": "slow", "stream": True, "detach": True}
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:
        running = pool.submit(server.run, [listener])
        try:
            wait_until(lambda: server.started)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1/ask"
            with httpx.stream("POST", url, json=body) as reply:
                next(reply.iter_lines())
        finally:
            server.should_exit = True
        running.result(60)
    assert [run.state for run in grove.runs.runs(1)] == ["done"]


def test_a_question_that_comes_on_an_open_connection_is_not_begun(home: Path) -> None:
    with serving(home, "--no-worker") as (process, url), ThreadPoolExecutor() as pool:
        slow = pool.submit(streamed, url, "slow")
        wait_until(lambda: "grove_questions_working 1.0" in httpx.get(f"{url}/metrics").text, 60)
        with httpx.Client(base_url=url) as client:
            client.get("/health")  # opens the connection
            process.send_signal(signal.SIGTERM)
            try:
                reply = client.post("/api/v1/ask", json={"question": "how tall?", "generator": "slow"})
            except httpx.TransportError:
                reply = None  # it was closed in time
            assert reply is None or reply.status_code == 503
        assert slow.result(60)[-1] == "error"


def test_a_job_goes_on_with_the_next_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home) as (process, url):
        files = [
            ("files", (f"{number}.txt", f"Note {number}. {TEXT * 40}".encode())) for number in range(120)
        ]
        reply = httpx.post(f"{url}/api/v1/collections/default/documents", files=files, timeout=60)
        job = f"/api/v1/jobs/{reply.json()['job_id']}"

        def done(url: str) -> int:
            return sum(file["state"] == "done" for file in httpx.get(f"{url}{job}").json()["files"])

        wait_until(lambda: done(url) > 0, 60)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    with serving(home) as (_, url):
        wait_until(lambda: httpx.get(f"{url}{job}").json()["state"] == "done", 120)
        assert done(url) == 120
        assert httpx.get(f"{url}/api/v1/collections").json()["collections"][0]["documents"] == 120
