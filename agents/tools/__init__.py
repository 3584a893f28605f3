"""The tools that questions are answered with: each a file, found by its name.

A file's `__all__` names one class whose attributes are those of `AgentTool`. Its constructor's parameters
are filled by name with parts of the installation (`catalog`, `settings`, ...), as rag/compose does.
"""

from agents.tools._scope import tool_scope
from agents.tools._tool import (
    AgentTool,
    Effects,
    ToolResult,
    ToolScope,
    passage_at,
    passage_of,
    tool_within,
)
from rag.core.registry import Family

__all__ = [
    "TOOLS",
    "AgentTool",
    "Effects",
    "ToolResult",
    "ToolScope",
    "passage_at",
    "passage_of",
    "tool_scope",
    "tool_within",
]

TOOLS = Family("agents.tools")
