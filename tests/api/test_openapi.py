import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from api.openapi import openapi_json
from rag.core import errors
from rag.core.events import Event

REPOSITORY = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads((REPOSITORY / "api/openapi.json").read_text())
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_the_stored_description_is_that_of_the_application() -> None:
    assert (REPOSITORY / "api/openapi.json").read_text() == openapi_json(), (
        "run `python -m api.openapi > api/openapi.json`, then `npm run generate` in ui/"
    )


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda value: str(value)[:40])
def test_an_operation_has_a_name_a_summary_and_an_error(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    assert operation["operationId"].isidentifier()
    assert "_" not in operation["operationId"]
    assert operation["description"]
    (kind,) = operation["responses"]["default"]["content"]
    assert kind == ("application/json" if path.startswith(("/v1/", "/v2/")) else "application/problem+json")


def test_names_of_operations_are_unique() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)


def test_every_event_is_in_the_union_under_its_type() -> None:
    mapping = DOCUMENT["components"]["schemas"]["RunEvent"]["discriminator"]["mapping"]
    types = {kind.__name__: get_args(get_type_hints(kind)["type"])[0] for kind in get_args(Event)}
    assert mapping == {name: f"#/components/schemas/{kind}" for kind, name in types.items()}


@pytest.mark.parametrize("path", ["/api/v1/ask", "/api/v1/runs/{run_id}/events"])
def test_streams_are_described_by_their_events(path: str) -> None:
    (operation,) = DOCUMENT["paths"][path].values()
    schema = operation["responses"]["200"]["content"]["text/event-stream"]["schema"]
    assert schema == {"$ref": "#/components/schemas/RunEvent"}


def headers_of(method: str) -> dict[str, set[str]]:
    return {
        path: {each["name"] for each in operation.get("parameters", ()) if each["in"] == "header"}
        for kind, path, operation in OPERATIONS
        if kind == method
    }


def test_every_post_whose_reply_is_kept_takes_an_idempotency_key() -> None:
    lacking = {path for path, taken in headers_of("post").items() if "idempotency-key" not in taken}
    assert lacking == {"/api/v1/ui-messages"}  # which is always a stream


def test_conditions_are_parameters_where_something_has_a_tag() -> None:
    read = {path for path, taken in headers_of("get").items() if "if-none-match" in taken}
    without = {"/api/v1/runs/{run_id}/events", "/metrics", "/v1/files/{file_id}/content"}
    assert headers_of("get").keys() - read == without
    for path in read:
        assert "304" in DOCUMENT["paths"][path]["get"]["responses"]
    files = {path for path in read if path.startswith("/api/v1/documents/{document_id}/")}
    for method in ("delete", "patch", "post", "put"):
        for path, taken in headers_of(method).items():
            assert ("if-match" in taken) == (path in read - files), (method, path)
    assert "if-match" in headers_of("patch")["/api/v1/conversations/{conversation_id}"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda value: str(value)[:40])
def test_the_page_of_the_api_has_every_route(method: str, path: str, operation: dict[str, Any]) -> None:
    page = (REPOSITORY / "docs/http.md").read_text()
    assert f"`{method.upper()} {path}`" in page


def test_every_kind_of_error_is_documented() -> None:
    page = (REPOSITORY / "docs/http.md").read_text()
    kinds = [name for name in errors.__all__ if name.endswith("Error") and name != "RagError"]
    assert [kind for kind in kinds if f"`{kind}`" not in page] == []
