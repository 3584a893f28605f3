"""One document of the collection, by its source, its title or its id, as much as fits."""

import asyncio
import re
from collections.abc import Mapping

from agents.tools._called import is_called
from agents.tools._tool import AgentTool, Effects, ToolResult, ToolScope, passage_at, passage_of
from rag.core.errors import InvalidInputError, NotFoundError
from rag.db.catalog import StoredDocument
from rag.generation.context import render_passages
from rag.scoring.tools import Tool

__all__ = ["Fetch"]

_MOST_CHARS = 20_000
_CHARS = 8_000
_ASKS = re.compile(
    r"\s*(?:please,? )?(?:(?:can|could|would) you (?:please )?)?(?:open|show|fetch|read|print|display|get)"
    r"(?: me| us)?(?: (?:the|our|my|this))?(?: (?:document|file|text of(?: the)?))?"
    r" [\"“']?(?P<name>[^?!\"”]{2,120}?)[\"”']?[\s?.!]*",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^\s*(?:please\s+)?(?:open|show|fetch|read|print|get)(?: me)?(?: the)?(?: (?:document|file))?\s+"
    r"[\"“']?(?P<name>[\w./\-]+\.[A-Za-z0-9]{1,5})[\"”']?\s*[?.!]*$",
    re.IGNORECASE,
)


class Fetch:
    """Read one document."""

    spec = Tool(
        "fetch",
        "Reads the text of one document of the collection, given its source (file name), title or id.",
        {
            "type": "object",
            "properties": {
                "document": {
                    "type": "string",
                    "description": "Source, title or id, as search and list_documents give them.",
                    "minLength": 1,
                    "maxLength": 1000,
                },
                "start": {"type": "integer", "description": "First character.", "minimum": 0},
                "length": {
                    "type": "integer",
                    "description": "How many characters.",
                    "minimum": 1,
                    "maximum": _MOST_CHARS,
                },
            },
            "required": ["document"],
            "additionalProperties": False,
        },
    )
    effects: Effects = "reads"
    needs_permission = False

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        """Give the file that a question names and asks for nothing else."""
        match = _QUESTION.match(question)
        return None if match is None else {"document": match["name"]}

    def within(self, scope: ToolScope) -> AgentTool:
        """Give the same tool, which reads the names of the scope's documents off a question too."""
        return _FetchByName(scope)

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        """Give the text from `start`.

        Raises:
            NotFoundError: no such document in the scope, or several of that name.
            InvalidInputError: it ends before `start`.
        """
        name, start = str(arguments["document"]), int(str(arguments.get("start", 0)))
        length = int(str(arguments.get("length", _CHARS)))
        document = await asyncio.to_thread(_document, name, scope)
        if start >= len(document.text):
            raise InvalidInputError(
                f"{document.source} has {len(document.text)} characters, got start {start}"
            )
        end = min(start + length, len(document.text))
        passage = passage_at(document, start, end)
        left = len(document.text) - end
        data = {"document_id": document.document_id, "end": end, "left": left}
        text = render_passages([passage])
        if not left:
            return ToolResult(text, (passage,), data)
        follows = f"{left} more characters follow"
        told = passage_of("fetch", f"{follows} in {document.source}.")
        return ToolResult(f"{text}\n{follows}; fetch again with start {end}.", (passage, told), data)


class _FetchByName(Fetch):
    def __init__(self, scope: ToolScope) -> None:
        self._scope = scope

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        given = super().arguments_from(question)
        if given is not None or (match := _ASKS.fullmatch(question)) is None:
            return given
        ids = _ids(match["name"], self._scope)
        return {"document": ids[0]} if len(ids) == 1 else None


def _document(name: str, scope: ToolScope) -> StoredDocument:
    ids = _ids(name, scope)
    if not ids:
        raise NotFoundError(f"no document {name!r} here; list_documents says what there is")
    if len(ids) > 1:
        raise NotFoundError(
            f"{len(ids)} documents are called {name!r}; give the source or the id of one:"
            f" {', '.join(ids[:5])}"
        )
    return scope.document(ids[0])


def _ids(name: str, scope: ToolScope) -> list[str]:
    """Give the documents of that id, source or title, else those that a person calls so."""
    wanted = name.casefold()
    whole, called = [], []
    for each in scope.documents():
        if wanted in (each.document_id, each.source.casefold(), each.title.casefold()):
            whole.append(each.document_id)
        elif is_called(name, source=each.source, title=each.title):
            called.append(each.document_id)
    return whole or called
