"""Requests made from the OpenAPI document: no reply is a server's error, or one that is not documented."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from _http import client_of, ingested, serving, small_settings
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.main import create_app
from api.openapi import openapi_json
from rag.compose import Grove
from rag.core.server_settings import ServerSettings

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_EXAMPLES = 10  # of each operation: a minute in all
_DOCUMENT = json.loads(openapi_json())
_SCHEMA = schemathesis.openapi.from_dict(_DOCUMENT)
_OPERATIONS = [(path, method) for path, methods in _DOCUMENT["paths"].items() for method in methods]


@dataclass(frozen=True, slots=True)
class Served:
    """Where an installation is, how it may be asked, and what it holds by the names of paths."""

    url: str
    headers: dict[str, str]
    held: dict[str, str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an installation with a document, a job and a turn of a conversation, to its administrator."""
    server = ServerSettings(requests_per_minute=100_000)
    grove = Grove(small_settings(tmp_path_factory.mktemp("described"), server=server))
    # The first key that is made closes the door to whoever has none.
    secret = grove.keys.create("administrator", scopes=["admin"]).secret
    client = client_of(grove)
    client.headers["x-api-key"] = secret
    held = {"name": "default", "document_id": ingested(client, grove)}
    begun = client.post("/api/v1/conversations", json={}).json()["conversation_id"]
    asked = {"question": "How high is the tower?", "conversation_id": begun}
    held |= {"conversation_id": begun, "run_id": client.post("/api/v1/ask", json=asked).json()["run_id"]}
    held["job_id"] = client.get("/api/v1/jobs").json()["jobs"][0]["job_id"]
    sent = client.post("/v1/files", files={"file": ("b.txt", b"more")}, data={"purpose": "assistants"})
    held["file_id"] = sent.json()["id"]
    held["vector_store_id"] = client.get("/v1/vector_stores").json()["data"][0]["id"]
    with serving(create_app(grove)) as address:
        yield Served(address, {"x-api-key": secret}, held)


@pytest.mark.parametrize(("path", "method"), _OPERATIONS)
def test_replies_are_as_documented(served: Served, path: str, method: str) -> None:
    names = re.findall(r"{(\w+)}", path)
    held = {name: served.held[name] for name in names if name in served.held}
    codes = set()

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_SCHEMA[path][method].as_strategy(), is_held=st.booleans())
    def requested(case: "schemathesis.Case[Any]", is_held: bool) -> None:
        if is_held and method != "delete":  # it is to be there for the next one
            case.path_parameters = {**(case.path_parameters or {}), **held}
        reply = case.call(base_url=served.url, headers=served.headers, timeout=30)
        codes.add(reply.status_code)
        is_stream = "text/event-stream" in str(reply.headers.get("content-type"))
        # OpenAPI 3.1 has no word for events: the schema is that of their data.
        case.validate_response(reply, checks=_CHECKS[:-1] if is_stream else _CHECKS)

    requested()
    assert not codes & {401, 429}
    if method == "get" and not names:
        assert codes & {200, 302, 304}, f"never there: {codes}"
