"""Tools and a language model for tests of calling: they do as told and remember what they were asked."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from agents.tools import Effects, ToolResult, ToolScope
from rag.core.protocols import Delta, GenerationOptions, GeneratorCapabilities, Prompt
from rag.core.types import SearchResult
from rag.db.catalog import StoredDocument
from rag.scoring.tools import Tool

__all__ = ["EMPTY_SCOPE", "RecordedTool", "ScriptedModel"]


def _nothing(document_id: str) -> StoredDocument:
    raise AssertionError(f"nothing reads documents here, least of all {document_id}")


EMPTY_SCOPE = ToolScope(
    "default",
    None,
    lambda text, k: SearchResult([], {}),
    lambda: iter(()),
    lambda: iter(()),
    _nothing,
    lambda: date(2026, 3, 1),
)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@dataclass
class RecordedTool:
    """A tool that gives one text."""

    name: str
    gives: str = "done"
    description: str = "Does what its name says."
    parameters: Mapping[str, object] = field(default_factory=lambda: CITY)
    effects: Effects = "none"
    needs_permission: bool = False
    reads: Mapping[str, object] | None = None  # off every question
    calls: list[Mapping[str, object]] = field(default_factory=list)

    @property
    def spec(self) -> Tool:
        return Tool(self.name, self.description, self.parameters)

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        return self.reads

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        self.calls.append(arguments)
        return ToolResult.of(self.name, self.gives)


@dataclass
class ScriptedModel:
    """A model that gives these answers one after the other, the last one again and again."""

    answers: Sequence[str]
    keeps_schema: bool = False
    prompts: list[str] = field(default_factory=list)
    options: list[GenerationOptions] = field(default_factory=list)

    @property
    def capabilities(self) -> GeneratorCapabilities:
        return GeneratorCapabilities("scripted", 10_000, keeps_schema=self.keeps_schema)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        self.prompts.append("\n".join(message.content for message in prompt.messages))
        self.options.append(options)
        yield Delta(self.answers[min(len(self.prompts), len(self.answers)) - 1])
