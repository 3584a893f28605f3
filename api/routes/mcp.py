"""The Model Context Protocol over streamable HTTP, without sessions."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import GroveDep
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
        for status in (400, 404, 406, 413, 415)
    },
}


@router.post(
    "/mcp",
    operation_id="mcp",
    response_class=Response,
    openapi_extra=_DOCUMENTED,
    responses=_REPLIES,
)
async def mcp(request: Request, grove: GroveDep) -> Response:
    """Serve the tools `search` and `fetch` to clients of the Model Context Protocol."""
    return McpReply(grove, str(request.base_url))
