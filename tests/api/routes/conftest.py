"""A small installation, empty or with one document, and clients of it."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from _http import Filled, client_of, ingested, serving, small_settings
from fastapi.testclient import TestClient

from api.main import create_app
from rag.compose import Grove


@pytest.fixture
def grove(grove_home: Path) -> Iterator[Grove]:
    """Give an installation that holds nothing."""
    grove = Grove(small_settings(grove_home))
    yield grove
    if grove_home.exists():
        grove.database.close()


@pytest.fixture
def client(grove: Grove) -> TestClient:
    """Give a client that talks to the application in process."""
    return client_of(grove)


@pytest.fixture
def document_id(client: TestClient, grove: Grove) -> str:
    """Ingest one document into the collection `default` and give its id."""
    return ingested(client, grove)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Ingest one document for a whole module."""
    grove = Grove(small_settings(tmp_path_factory.mktemp("filled")))
    client = client_of(grove)
    yield Filled(grove, client, ingested(client, grove))
    grove.database.close()


@pytest.fixture(scope="module")
def server(filled: Filled) -> Iterator[str]:
    """Serve an installation with one document on a port and give its address."""
    with serving(create_app(filled.grove)) as url:
        yield url


@pytest.fixture
def official(server: str) -> openai.OpenAI:
    """Give OpenAI's client, pointed at a server of ours."""
    return openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0)
