"""Passages of the collection that fit words of the model's own choosing."""

import asyncio
from collections.abc import Mapping

from agents.tools._tool import Effects, ToolResult, ToolScope
from rag.generation.context import render_passages
from rag.scoring.tools import Tool

__all__ = ["Search"]

_MOST = 20


class Search:
    """Search the documents."""

    spec = Tool(
        "search",
        "Searches the documents of the collection and gives the passages that fit a query best.",
        {
            "type": "object",
            "properties": {
                "query": {
                    "type": "string",
                    "description": "What to look for.",
                    "minLength": 1,
                    "maxLength": 2000,
                },
                "limit": {
                    "type": "integer",
                    "description": "How many passages.",
                    "minimum": 1,
                    "maximum": _MOST,
                },
            },
            "required": ["query"],
            "additionalProperties": False,
        },
    )
    effects: Effects = "reads"
    needs_permission = False

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        """Give none: every question is searched for anyway."""
        return None

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        """Give the passages, best first.

        Raises:
            InvalidInputError: a blank query.
        """
        limit = int(str(arguments.get("limit", 5)))
        found = await asyncio.to_thread(scope.search, str(arguments["query"]), limit)
        text = render_passages(found.passages) or "No passage found."
        return ToolResult(text, tuple(found.passages), {"passages": len(found.passages)})
