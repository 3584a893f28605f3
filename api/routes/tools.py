"""The tools that questions can be answered with."""

from fastapi import APIRouter

from agents.toolset import toolset_of
from api.deps import After, GroveDep, Limit
from api.paging import behind, page_of
from api.tool_schemas import ToolList

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/tools", tags=["tools"])


@router.get("", operation_id="listTools")
async def list_tools(grove: GroveDep, limit: Limit = 1000, after: After = None) -> ToolList:
    """List the tools, those built in first, and the servers whose tools are not there now."""
    toolset = toolset_of(grove)
    tools = behind(await toolset.summaries(), after, lambda tool: tool.name)
    shown, more = page_of(tools, limit, lambda tool: tool.name)
    return ToolList(shown, toolset.failures, more)
