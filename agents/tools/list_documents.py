"""What the collection holds: the sources and titles of its documents."""

import asyncio
import re
from collections.abc import Mapping

from agents.tools._tool import Effects, ToolResult, ToolScope
from rag.scoring.tools import Tool

__all__ = ["ListDocuments"]

_MOST = 200
_QUESTION = re.compile(
    r"\s*(?:please\s+)?(?:(?:list|show)(?: me)?(?: all)?(?: the| of the| my| your)?|(?:what|which))"
    r"\s+(?:documents|files|sources)"
    r"(?:\s+(?:are there|do (?:you|we|i) have"
    r"|are (?:in the collection|indexed|loaded)|have i uploaded))?[\s?.!]*"
    r"|\s*how many (?:documents|files|sources)"
    r"(?: are there| do (?:you|we|i) have| are (?:in the collection|indexed|loaded)| have i uploaded)?"
    r"[\s?.!]*"
    r"|\s*(?:wie viele|welche) (?:dokumente|dateien|quellen)(?: gibt es| haben wir| hast du| sind da)?"
    r"[\s?.!]*"
    r"|\s*(?:combien de|quels) (?:documents|fichiers)(?: y a-t-il| as-tu| avons-nous)?[\s?.!]*"
    r"|\s*[¿]?(?:cu[aá]ntos|qu[eé]) (?:documentos|archivos)(?: hay| tienes| tenemos)?[\s?.!]*",
    re.IGNORECASE,
)


class ListDocuments:
    """List the documents."""

    spec = Tool(
        "list_documents",
        "Lists the documents of the collection with their sources and titles, and says how many there are.",
        {
            "type": "object",
            "properties": {
                "contains": {
                    "type": "string",
                    "description": "Only those with these words in source or title.",
                    "maxLength": 200,
                },
                "limit": {"type": "integer", "description": "How many.", "minimum": 1, "maximum": _MOST},
            },
            "additionalProperties": False,
        },
    )
    effects: Effects = "reads"
    needs_permission = False

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        """Give all where the question asks what there is."""
        return {} if _QUESTION.fullmatch(question) else None

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        """Give one line a document, by source."""
        wanted = str(arguments.get("contains", "")).casefold()
        limit = int(str(arguments.get("limit", 50)))
        found = await asyncio.to_thread(_found, scope, wanted)
        lines = [f"{number}. {source}: {title}" for number, (source, title) in enumerate(found[:limit], 1)]
        more = f"\nand {len(found) - limit} more" if len(found) > limit else ""
        count = f"{len(found)} document{'' if len(found) == 1 else 's'}"
        text = f"The collection holds {count}" + (f" with {wanted!r} in source or title" if wanted else "")
        shown = "\n".join([f"{text}{':' if lines else '.'}", *lines]) + more
        return ToolResult.of(
            self.spec.name, shown, data={"documents": [source for source, _ in found[:limit]]}
        )


def _found(scope: ToolScope, wanted: str) -> list[tuple[str, str]]:
    return [
        (each.source, each.title)
        for each in scope.documents()
        if wanted in each.source.casefold() or wanted in each.title.casefold()
    ]
