"""The OpenAPI document with the headers that are kept before the routes: no route knows of them."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from api.idempotency import HEADER

__all__ = ["Described"]

_JSON = "application/json"
_TAG = {"type": "string"}
_IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Sent again within 24 hours with the same key and body, the request changes nothing more"
    " and gets the reply of before.",
    "schema": {"type": "string", "pattern": r"^[\x21-\x7e]+$", "minLength": 1, "maxLength": 255},
}
_IF_NONE_MATCH = {
    "name": "if-none-match",
    "in": "header",
    "required": False,
    "description": "An `ETag` that the client has; 304 when the reply would be the same.",
    "schema": _TAG,
}
_IF_MATCH = {
    "name": "if-match",
    "in": "header",
    "required": False,
    "description": "An `ETag` of a GET of this address; 412 when it has another one by now.",
    "schema": _TAG,
}
_ETAG = {"etag": {"description": "Changes with the reply.", "schema": _TAG}}
_SAME = {"description": "The client has it already."}


class Described(FastAPI):
    """An application whose description has the headers of `Idempotency` and `Conditions`."""

    def openapi(self) -> dict[str, Any]:
        """Give the OpenAPI document."""
        if self.openapi_schema is not None:
            return self.openapi_schema
        document = super().openapi()
        for methods in document["paths"].values():
            _describe(methods)
        return document


def _describe(methods: Mapping[str, Any]) -> None:
    """Add the headers to the operations of one address, where they count."""
    has_tag = "get" in methods and _JSON in methods["get"]["responses"]["200"].get("content", {})
    for method, operation in methods.items():
        taken = []
        if method == "post" and _is_kept(operation["responses"]):
            taken.append(_IDEMPOTENCY_KEY)
        if has_tag and method == "get":
            taken.append(_IF_NONE_MATCH)
            operation["responses"]["200"]["headers"] = _ETAG
            operation["responses"]["304"] = _SAME
        elif has_tag:
            taken.append(_IF_MATCH)
        if taken:
            operation["parameters"] = [*operation.get("parameters", ()), *taken]


def _is_kept(responses: Mapping[str, Any]) -> bool:
    """Tell whether some reply is no stream; streams are not kept."""
    replies = [reply.get("content", {}) for status, reply in responses.items() if status.startswith("2")]
    return any(set(content) != {"text/event-stream"} for content in replies)
