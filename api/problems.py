"""Errors -> HTTP: problem details (RFC 9457) on Grove's own routes, OpenAI's error body below /v1."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rag.core import errors
from rag.core.errors import (
    ConflictError,
    InvalidInputError,
    MissingExtraError,
    NotFoundError,
    RagError,
    UnavailableError,
)
from rag.core.events import RunFailed

__all__ = ["PayloadTooLargeError", "add_handlers", "error_of"]

_log = logging.getLogger(__name__)


class PayloadTooLargeError(InvalidInputError):
    """Say that more was sent than is taken."""


_STATUSES: tuple[tuple[type[RagError], HTTPStatus], ...] = (
    (PayloadTooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (InvalidInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ConflictError, HTTPStatus.CONFLICT),
    (MissingExtraError, HTTPStatus.NOT_IMPLEMENTED),
    (UnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
)


def error_of(failed: RunFailed) -> RagError:
    """Give back the error that a run failed with, by its name."""
    kind = getattr(errors, failed.error, UnavailableError)
    error: RagError = kind(failed.message)
    return error


def add_handlers(app: FastAPI) -> None:
    """Answer every error with a body that says what was wrong."""

    @app.exception_handler(RagError)
    def _own(request: Request, error: RagError) -> JSONResponse:
        status = next(
            (status for kind, status in _STATUSES if isinstance(error, kind)),
            HTTPStatus.INTERNAL_SERVER_ERROR,
        )
        return _response(request, status, type(error).__name__, str(error))

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        details = "; ".join(
            f"{'.'.join(map(str, item['loc'][1:])) or item['loc'][0]}: {item['msg']}"
            for item in error.errors()
        )
        return _response(request, HTTPStatus.UNPROCESSABLE_ENTITY, "InvalidInputError", details)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        detail = (
            f"no {request.method} {request.url.path} here; /openapi.json lists what there is"
            if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
            else str(error.detail)
        )
        response = _response(request, status, status.phrase.replace(" ", ""), detail)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        detail = "an error of our own; the server's log has its trace"
        return _response(request, HTTPStatus.INTERNAL_SERVER_ERROR, type(error).__name__, detail)


def _response(request: Request, status: HTTPStatus, kind: str, detail: str) -> JSONResponse:
    if request.url.path.startswith("/v1/"):
        group = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
        body: dict[str, object] = {"error": {"message": detail, "type": group, "param": None, "code": kind}}
        return JSONResponse(body, status)
    problem = {
        "type": f"urn:grove:error:{kind}",
        "title": status.phrase,
        "status": status,
        "detail": detail,
    }
    return JSONResponse(problem, status, media_type="application/problem+json")
