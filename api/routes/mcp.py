"""The Model Context Protocol over streamable HTTP, without sessions."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from python_multipart.multipart import parse_options_header

from api.deps import BaseUrl, GroveDep, MetricsDep
from api.mcp_server import McpReply

__all__ = ["router"]

router = APIRouter(tags=["mcp"])
_MESSAGE = {"application/json": {"schema": {"type": "object", "description": "A message of JSON-RPC 2.0."}}}
_DOCUMENTED: dict[str, Any] = {"requestBody": {"required": True, "content": _MESSAGE}}
_REPLIES: dict[int | str, dict[str, Any]] = {
    200: {"description": "What was answered, or the error, as JSON-RPC has it.", "content": _MESSAGE},
    202: {"description": "A notification was taken."},
    **{
        status: {"description": "Refused by the protocol.", "content": _MESSAGE}
        for status in (400, 404, 406)
    },
}


@router.post(
    "/mcp",
    operation_id="mcp",
    response_class=Response,
    openapi_extra=_DOCUMENTED,
    responses=_REPLIES,
)
async def mcp(request: Request, grove: GroveDep, metrics: MetricsDep, base_url: BaseUrl) -> Response:
    """Serve the tools `search` and `fetch` to clients of the Model Context Protocol."""
    kind = request.headers.get("content-type", "")
    if parse_options_header(kind)[0] != b"application/json":
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"a message is JSON, with the header content-type: application/json; got {kind!r:.80}",
        )
    return McpReply(grove, await request.body(), base_url=base_url, metrics=metrics)
