"""What a tool is, what a call of it may see, and what it gives: the seam that every tool stands on.

Knows no tool and no model: agents/calling.py chooses, asks and calls.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from rag.core.filters import Filter
from rag.core.types import Passage, SearchResult
from rag.db.catalog import StoredDocument, StoredName, StoredText
from rag.generation.context import neutralise
from rag.generation.meter import Meter
from rag.scoring.tools import Tool

__all__ = ["AgentTool", "Effects", "ToolResult", "ToolScope", "passage_at", "passage_of", "tool_within"]

Effects = Literal["none", "reads", "writes"]
"""Whether a call only computes, reads what is outside of it, or may change something."""


@dataclass(frozen=True, slots=True)
class ToolScope:
    """What a call may see: one collection, as far as the filter passes it. Each function keeps to both."""

    collection: str
    filter: Filter | None
    search: Callable[[str, int], SearchResult]  # (text, k)
    documents: Callable[[], Iterator[StoredName]]  # by source
    texts: Callable[[], Iterator[StoredText]]  # the same documents, which costs reading them all
    document: Callable[[str], StoredDocument]  # by id; NotFoundError for one that is not in the scope
    today: Callable[[], date]
    meter: Meter = field(default_factory=Meter)  # of the run, for what a generator writes for a call


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call gave: data, never instructions.

    Law: what others wrote is neutralised in `text`, documents' text between delimiters besides; `passages`
    hold it as it was, for citations point into it, and are neutralised where they enter a prompt.
    """

    text: str
    passages: tuple[Passage, ...] = ()
    data: object = None  # JSON

    @classmethod
    def of(cls, tool: str, text: str, *, data: object = None) -> "ToolResult":
        """Make a result that is its own passage: what a tool computed, or another server wrote."""
        return cls(neutralise(text), (passage_of(tool, text),), data)


class AgentTool(Protocol):
    """Something that a question can be answered with. Files of agents/tools, or tools of an MCP server."""

    @property
    def spec(self) -> Tool:
        """Give its name, its description and the JSON schema of its arguments."""
        ...

    @property
    def effects(self) -> Effects:
        """Say what a call may do."""
        ...

    @property
    def needs_permission(self) -> bool:
        """Tell whether a person is asked before each call."""
        ...

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        """Read the arguments off a question without a language model; None where that takes one."""
        ...

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        """Call it with arguments that its schema allows.

        Raises:
            InvalidInputError: arguments that it cannot work with; the message says what to change.
            NotFoundError: something that the scope does not hold.
            UnavailableError: it is down or too slow.
        """
        ...


def tool_within(tool: AgentTool, scope: ToolScope) -> AgentTool | None:
    """Give the tool as the scope may use it, None for not at all; one that has `within` narrows itself."""
    narrow: Callable[[ToolScope], AgentTool | None] | None = getattr(tool, "within", None)
    return tool if narrow is None else narrow(scope)


def passage_at(document: StoredDocument, start: int, end: int) -> Passage:
    """Give a span of a document as a passage, under the chunk in which it starts."""
    starts = [chunk.start for chunk in document.chunks]
    chunk = document.chunks[max(bisect_right(starts, start) - 1, 0)]
    return Passage(
        chunk.chunk_id,
        document.document_id,
        document.version,
        document.source,
        document.title,
        document.layout.page_at(start),
        start,
        end,
        1.0,
        document.text[start:end],
    )


def passage_of(tool: str, text: str) -> Passage:
    """Give a tool's result as a passage: its source is `tool:NAME`, and the text is all of its document."""
    return Passage(
        chunk_id=f"tool:{tool}",
        document_id=f"tool:{tool}",
        version=0,
        source=f"tool:{tool}",
        title=tool,
        page=None,
        start=0,
        end=len(text),
        score=1.0,
        text=text,
    )
