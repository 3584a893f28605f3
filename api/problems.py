"""Errors -> HTTP: problem details (RFC 9457) on Grove's own routes, OpenAI's error body below /v1."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.unread import unread
from rag.core.errors import (
    OWN_FAULT,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    LimitReachedError,
    MissingExtraError,
    NotFoundError,
    RagError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)

__all__ = ["OPENAI_ERROR", "OWN_FAULT", "PROBLEM", "add_handlers", "problem", "problem_of", "status_of"]

_STATUSES: tuple[tuple[type[RagError], HTTPStatus], ...] = (
    (InvalidInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ConflictError, HTTPStatus.CONFLICT),
    (UnauthenticatedError, HTTPStatus.UNAUTHORIZED),
    (ForbiddenError, HTTPStatus.FORBIDDEN),
    (TooManyRequestsError, HTTPStatus.TOO_MANY_REQUESTS),
    (MissingExtraError, HTTPStatus.NOT_IMPLEMENTED),
    (UnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (LimitReachedError, HTTPStatus.SERVICE_UNAVAILABLE),
)
_RETRY_SECONDS = 5  # where nothing tells when a dependency will be up again
_CHALLENGES = {
    HTTPStatus.UNAUTHORIZED: 'Bearer realm="grove"',
    HTTPStatus.FORBIDDEN: 'Bearer realm="grove", error="insufficient_scope"',
}
_SHOULD_BE = "Input should be "  # as pydantic begins
_NO_FILE = "Expected UploadFile"  # as fastapi begins
_MAX_FAULTS = 5  # of a wrong body, as many are named
_LISTED_BELOW = {"documents": "collections/NAME/documents"}
_LISTING = re.compile(r"`rag (\w+)(?: list)?` lists")  # as the command line is told


def _object(**properties: Mapping[str, object]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


_TEXT = {"type": "string"}
PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What was wrong (RFC 9457).",
        "content": {
            "application/problem+json": {
                "schema": _object(type=_TEXT, title=_TEXT, status={"type": "integer"}, detail=_TEXT)
            }
        },
    }
}
OPENAI_ERROR: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What was wrong, as OpenAI says it.",
        "content": {
            "application/json": {
                "schema": _object(
                    error=_object(message=_TEXT, type=_TEXT, param={"type": ["string", "null"]}, code=_TEXT)
                )
            }
        },
    }
}


def add_handlers(app: FastAPI) -> None:
    """Answer every error with a body that says what was wrong."""

    @app.exception_handler(RagError)
    def _own(request: Request, error: RagError) -> JSONResponse:
        return problem_of(request.url.path, error)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        places = _by_place(error.errors(), error.body)
        told = [_fault(place, faults) for place, faults in places.items()]
        detail = "; ".join(told[:_MAX_FAULTS])
        if len(told) > _MAX_FAULTS:
            detail += f"; and {len(told) - _MAX_FAULTS} more"
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        param = next(iter(places)) or None
        return problem(request.url.path, status, detail, kind="InvalidInputError", param=param)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        detail, headers = str(error.detail), dict(error.headers or {})
        if status is HTTPStatus.BAD_REQUEST:
            detail = unread(error, request.headers) or detail
        elif status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers["allow"] = _allowed(app, request) or "GET, HEAD"  # of a folder, which reads alone
            detail = f"{request.url.path} takes {headers['allow']}, got {request.method}"
        elif detail == status.phrase:  # nobody said more: the router found nothing
            detail = f"there is no {request.url.path}; /openapi.json lists what there is"
        response = problem(request.url.path, status, detail)
        response.headers.update(headers)
        return response


def problem_of(path: str, error: RagError) -> JSONResponse:
    """Describe one of our own errors in the words of the API that the path belongs to."""
    status = status_of(error)
    response = problem(path, status, _over_http(str(error)), kind=type(error).__name__)
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        seconds = getattr(error, "retry_after_seconds", _RETRY_SECONDS)
        response.headers["retry-after"] = str(seconds)
    if status in _CHALLENGES:
        response.headers["www-authenticate"] = _CHALLENGES[status]
    return response


def _over_http(message: str) -> str:
    """Name the route that lists what the command lists.

    >>> _over_http("no job 'x'; `rag jobs` lists what there is")
    "no job 'x'; GET /api/v1/jobs lists what there is"
    """
    return _LISTING.sub(lambda found: f"GET /api/v1/{_LISTED_BELOW.get(found[1], found[1])} lists", message)


def status_of(error: RagError) -> HTTPStatus:
    """Give the status that stands for one of our own errors.

    >>> status_of(NotFoundError("no such job")).value
    404
    """
    own_fault = HTTPStatus.INTERNAL_SERVER_ERROR
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), own_fault)


def problem(
    path: str, status: HTTPStatus, detail: str, *, kind: str | None = None, param: str | None = None
) -> JSONResponse:
    """Describe an error in the words of the API that the path belongs to.

    Args:
        path: of the request.
        status: of the reply.
        detail: what was got, what is allowed, what to do.
        kind: name of the error; by default the status says it all.
        param: the part of the request that is wrong.
    """
    detail = detail.encode(errors="backslashreplace").decode()  # it may quote text that is no Unicode
    # What is too large is not read to its end: the connection is of no more use.
    headers = {"connection": "close"} if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE else None
    if path.startswith(("/v1/", "/v2/")):
        group = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
        code = kind or status.name.lower()
        error = {"message": detail, "type": group, "param": param, "code": code}
        return JSONResponse({"error": error}, status, headers)
    body = {
        "type": f"urn:grove:error:{kind}" if kind else "about:blank",
        "title": status.phrase,
        "status": status,
        "detail": detail,
    }
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _allowed(app: FastAPI, request: Request) -> str:
    """List the methods of all routes with this path; the router itself names those of the first only."""
    methods = {
        method
        for route in app.routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in getattr(route, "methods", None) or ()
    }
    return ", ".join(sorted(methods))


_Fault = Mapping[str, Any]  # Any: pydantic's description of one error


def _by_place(faults: Sequence[_Fault], body: object) -> dict[str, list[_Fault]]:
    """Put the faults of one place together: what may be of several kinds has a fault for each.

    Where one of the kinds fits but for something within, that is the fault.
    """
    found: dict[str, list[_Fault]] = {}
    for fault in faults:
        found.setdefault(_place(fault, body), []).append(fault)
    return {
        place: kept
        for place, kept in found.items()
        if not place or not any(other.startswith(f"{place}.") for other in found)
    }


def _place(fault: _Fault, body: object) -> str:
    """Say where in the request a fault is, without the names of the kinds that were tried."""
    whence, *parts = fault["loc"]
    if fault["type"] == "json_invalid":
        return ""
    if whence != "body" or not isinstance(body, dict | list):
        return ".".join(map(str, parts))
    value, path = body, []
    for number, part in enumerate(parts):
        is_key = isinstance(value, dict) and part in value
        if is_key or (isinstance(value, list) and isinstance(part, int) and part < len(value)):
            value = value[part]
            path.append(str(part))
        elif fault["type"] == "missing" and number == len(parts) - 1:
            path.append(str(part))
    return ".".join(path)


def _fault(place: str, faults: Sequence[_Fault]) -> str:
    fault, whence = faults[0], faults[0]["loc"][0]
    if fault["type"] == "json_invalid":
        return f"the body is not JSON: {fault['ctx']['error']} at character {fault['loc'][-1]}"
    message = _message(faults)
    if place or whence != "body":
        return f"{place or whence}: {message}"
    if fault["type"] == "missing" or isinstance(fault["input"], bytes):
        return "a JSON object is expected, with the header content-type: application/json"
    return f"the body: {message}"


def _message(faults: Sequence[_Fault]) -> str:
    told = dict.fromkeys(fault["msg"].removeprefix("Value error, ") for fault in faults)
    if any(message.startswith(_NO_FILE) for message in told):
        return "a file is expected, a part with a file name (filename=...); got text"
    if not all(message.startswith(_SHOULD_BE) for message in told):
        return "; ".join(told)
    kinds = " or ".join(message.removeprefix(_SHOULD_BE) for message in told)
    return f"{_SHOULD_BE}{kinds}, got {faults[0]['input']!r:.80}"
