"""Requests made from the OpenAPI document: no reply is a server's error, or one that is not documented."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from _http import client_of, ingested, serving, small_settings
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.main import create_app
from api.openapi import openapi_json
from rag.compose import Grove

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


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve an installation with one document."""
    grove = Grove(small_settings(tmp_path_factory.mktemp("described")))
    ingested(client_of(grove), grove)
    with serving(create_app(grove)) as address:
        yield address


@pytest.mark.parametrize(("path", "method"), _OPERATIONS)
def test_replies_are_as_documented(url: str, path: str, method: str) -> None:
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_SCHEMA[path][method].as_strategy())
    def requested(case: "schemathesis.Case[Any]") -> None:
        case.validate_response(case.call(base_url=url, timeout=30), checks=_CHECKS)

    requested()
