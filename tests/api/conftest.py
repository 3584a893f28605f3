"""An installation with documents, served: in process for routes, on a real port for clients."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient

from api.main import create_app
from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.settings import Part, ServerSettings, Settings

TEXT = """The depot

The depot of Lindqvist Instruments is at Kungsgatan 12. It opens at nine.

Warranty

The warranty of the outdoor sensor runs for sixty months.
"""


@pytest.fixture(scope="module")
def grove(tmp_path_factory: pytest.TempPathFactory) -> Grove:
    """Give an installation with one document in `default`, without any model."""
    home = tmp_path_factory.mktemp("served")
    settings = Settings(
        home=home / "home", encoder=Part(kind="hashing"), server=ServerSettings(max_upload_bytes=5000)
    )
    grove = Grove(settings)
    source = home / "handbook.txt"
    source.write_text(TEXT)
    run_job(grove, submit_paths(grove, [source], collection="default"))
    return grove


@pytest.fixture(scope="module")
def client(grove: Grove) -> TestClient:
    """Give a client of the routes, without a network."""
    return TestClient(create_app(grove), base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def server_url(grove: Grove) -> Iterator[str]:
    """Serve on a real port."""
    server = uvicorn.Server(uvicorn.Config(create_app(grove), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Give a small file to upload."""
    path = tmp_path / "notes.md"
    path.write_text("# Notes\n\nThe mast at Nordkap was replaced on 14 March 2024.\n")
    return path
