"""`rag serve` as a process: it takes in what is uploaded, and leaves nothing behind when it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

RAG = Path(sys.prefix) / "bin" / "rag"


@contextmanager
def serving(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = {**os.environ, "GROVE_ENCODER__KIND": "hashing"}
    command = [str(RAG), "serve", "--home", str(home), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        lines = (re.search(r"http://\S+:\d+", line) for line in process.stderr)
        try:
            yield process, next(match[0] for match in lines if match)
        finally:
            process.kill()


def children(process: subprocess.Popen[str]) -> list[int]:
    threads = Path(f"/proc/{process.pid}/task").iterdir()
    return [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]


def wait_until(is_true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_however_the_server_ends_its_worker_ends_too(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as (process, _):
        wait_until(lambda: len(children(process)) == 1)
        (worker,) = children(process)
        process.send_signal(number)
        process.wait(60)
        wait_until(lambda: not Path(f"/proc/{worker}").exists())
        assert (tmp_path / "server.json").exists() == (number == signal.SIGKILL)


@pytest.mark.usefixtures("each_database")
def test_an_upload_is_taken_in_and_found(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, url), httpx.Client(base_url=url) as client:
        files = {"files": ("mast.md", b"# Mast\n\nThe mast at Nordkap was replaced in March 2024.\n")}
        job = client.post("/api/v1/collections/default/documents", files=files).json()
        path = f"/api/v1/jobs/{job['job_id']}"
        wait_until(lambda: client.get(path).json()["state"] == "done")
        found = client.post("/api/v1/search", json={"query": "mast at Nordkap"}).json()
        assert [hit["source"] for hit in found["hits"]] == ["mast.md"]


def test_code_in_the_folder_that_it_is_started_in_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("api", "indexing"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('code of the folder')")
    monkeypatch.chdir(tmp_path)
    with serving(tmp_path / "home") as (_, url), httpx.Client(base_url=url) as client:
        files = {"files": ("mast.md", b"# Mast\n\nThe mast at Nordkap was replaced.\n")}
        job = client.post("/api/v1/collections/default/documents", files=files).json()
        wait_until(lambda: client.get(f"/api/v1/jobs/{job['job_id']}").json()["state"] == "done")


def test_a_script_is_told_the_address(tmp_path: Path) -> None:
    command = [str(RAG), "serve", "--home", str(tmp_path), "--port", "0", "--no-worker", "--json"]
    environment = {**os.environ, "GROVE_ENCODER__KIND": "hashing"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        told = "".join(process.stdout.readline() for _ in range(3))
        assert httpx.get(f"{json.loads(told)['url']}/health").json() == {"status": "ok"}
        process.terminate()
        assert process.stdout.read() == ""


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, _):
        wait_until(lambda: len(children(process)) == 1)
        (worker,) = children(process)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: len(children(process)) == 1 and children(process) != [worker])
