"""A small installation behind HTTP: in process for single requests, on a port for streams and clients."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.main import create_app
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.settings import Part, ServerSettings, Settings
from rag.core.types import Vector
from rag.encoders.hashing import Hashing

__all__ = [
    "TOWER",
    "BrokenEncoder",
    "Filled",
    "client_of",
    "free_port",
    "ingested",
    "serving",
    "small_settings",
    "wait_until",
]

TOWER = "The tower in Paris is 300 metres tall.\n\nIt was built in 1889 by the company of Gustave Eiffel."


@dataclass(frozen=True, slots=True)
class Filled:
    """An installation with one document, shared by tests that only read."""

    grove: Grove
    client: TestClient
    document_id: str


class BrokenEncoder(Hashing):
    """An encoder with a bug: it makes vectors of documents and fails at questions."""

    __slots__ = ()

    def encode(self, texts: Sequence[str]) -> Vector:
        if any(text.endswith("?") for text in texts):
            raise RuntimeError("a bug with a secret in its message")
        return super().encode(texts)


def small_settings(home: Path, **changes: Any) -> Settings:
    """Give settings without models: words hashed, rows in memory, answers that echo."""
    values = {
        "home": home,
        "encoder": Part(kind="hashing"),
        "late_encoder": Part(kind="hashing_late"),
        "store": Part(kind="memory"),
        "generator": Part(kind="echo"),
        "generators": {"slow": Part(kind="echo", options={"delay_seconds": 0.05})},
        "server": ServerSettings(max_upload_bytes=100_000),
    }
    return Settings(**{**values, **changes})


def client_of(grove: Grove, **options: Any) -> TestClient:
    """Give a client that talks to the application in process; unforeseen errors are replies, as outside."""
    return TestClient(
        create_app(grove, **options), base_url="http://127.0.0.1", raise_server_exceptions=False
    )


def ingested(client: TestClient, grove: Grove, text: str = TOWER, name: str = "tower.txt") -> str:
    """Upload a text, run its job and give the document's id."""
    reply = client.post("/api/v1/collections/default/documents", files={"files": (name, text.encode())})
    assert reply.status_code == 202, reply.text
    job = run_job(grove, reply.json()["job_id"])
    assert job is not None
    document_id = job.files[0].document_id
    assert document_id is not None, job
    return document_id


def free_port() -> int:
    """Give a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(app: FastAPI, port: int = 0) -> Iterator[str]:
    """Serve on a port of this machine, by default a free one, in a thread, and give the address."""
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def wait_until(is_true: Any, seconds: float = 10.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.02)
