"""The tools that questions can be answered with."""

from fastapi import APIRouter

from agents.toolset import toolset_of
from api.deps import GroveDep
from api.schemas import ToolList

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/tools", tags=["tools"])


@router.get("", operation_id="listTools")
async def list_tools(grove: GroveDep) -> ToolList:
    """List the tools, those built in first, and the servers whose tools are not there now."""
    toolset = toolset_of(grove)
    return ToolList(await toolset.summaries(), toolset.failures)
