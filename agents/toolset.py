"""The tools of one installation: those built in, and those of the servers in its settings."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from agents.calling import ToolCaller, ToolRanking
from agents.tools import TOOLS, AgentTool, Effects, ToolScope, tool_within
from rag.compose import Grove
from rag.core.access import Access
from rag.core.errors import InvalidInputError, RagError
from rag.core.protocols import Generator
from rag.core.tool_settings import ToolServer
from rag.generation.context import neutralise

if TYPE_CHECKING:
    from agents.mcp_client import McpServer

__all__ = ["ToolSummary", "Toolset", "toolset_of"]

_MAX_NAMES_CHARS = 500  # of tools that are left out
_RETRY_SECONDS = 30.0  # until a server that failed is asked again for its tools


@dataclass(frozen=True, slots=True)
class ToolSummary:
    """A tool as a person may see it."""

    name: str
    description: str
    source: str  # `built in`, or the name of its server
    effects: Effects
    needs_permission: bool
    parameters: Mapping[str, object]  # JSON schema


class Toolset:
    """What there is to call; servers are asked once for their tools, at first need."""

    def __init__(self, grove: Grove) -> None:
        """Build what is built in.

        Raises:
            InvalidInputError: the settings disable a tool that there is not.
        """
        self._grove = grove
        settings = grove.settings.tools
        names = TOOLS.names()
        if unknown := sorted(set(settings.disabled) - set(names)):
            raise InvalidInputError(
                f"the settings disable {', '.join(unknown)}; built in are: {', '.join(names)}"
            )
        self._built_in: list[AgentTool] = [
            TOOLS.build(name, {}, lambda parameter, _: getattr(grove, parameter, None))
            for name in names
            if name not in settings.disabled and (name != "sql" or grove.sql_sources)
        ]
        servers = settings.servers if grove.sees_settings else {}
        self._servers = {name: _server(name, each) for name, each in servers.items()}
        self._listed: dict[str, list[AgentTool]] = {}
        self._failed_at: dict[str, float] = {}
        self.failures: dict[str, str] = {}  # server -> why its tools, or some of them, are not there
        self._ranking: tuple[frozenset[str], ToolRanking] | None = None

    async def tools(self) -> list[AgentTool]:
        """Give all tools, those built in first; a server that fails is told of in `failures`."""
        now = time.monotonic()
        wanted = [
            name
            for name in self._servers
            if name not in self._listed
            and now - self._failed_at.get(name, -_RETRY_SECONDS) >= _RETRY_SECONDS
        ]
        await asyncio.gather(*(self._list(name) for name in wanted))
        return [*self._built_in, *(tool for name in self._servers for tool in self._listed.get(name, []))]

    async def summaries(self) -> list[ToolSummary]:
        """Give all tools as a person may see them."""
        built_in = {id(tool) for tool in self._built_in}
        return [
            ToolSummary(
                tool.spec.name,
                tool.spec.description,
                "built in" if id(tool) in built_in else tool.spec.name.partition("__")[0],
                tool.effects,
                tool.needs_permission,
                tool.spec.parameters,
            )
            for tool in await self.tools()
        ]

    async def caller(self, scope: ToolScope, *, generator: Generator | None = None) -> ToolCaller:
        """Give what chooses and calls the tools within a scope."""
        tools = [each for tool in await self.tools() if (each := tool_within(tool, scope)) is not None]
        settings = self._grove.settings.tools
        return ToolCaller(
            tools,
            scope,
            ranking=await asyncio.to_thread(self._ranked, tools) if generator is not None else None,
            generator=generator,
            num_shown=settings.num_shown,
            max_attempts=settings.max_attempts,
        )

    async def close(self) -> None:
        """End the connections to the servers."""
        await asyncio.gather(*(server.close() for server in self._servers.values()))

    async def _list(self, name: str) -> None:
        try:
            server = self._servers[name]
            self._listed[name] = list(await server.tools())
            self.failures.pop(name, None)
            if server.left_out:
                names = neutralise(", ".join(map(repr, server.left_out)))[:_MAX_NAMES_CHARS]
                self.failures[name] = f"of its tools these cannot be used, by name or schema: {names}"
        except RagError as error:
            self.failures[name] = str(error)
            self._failed_at[name] = time.monotonic()

    def _ranked(self, tools: Sequence[AgentTool]) -> ToolRanking:
        names = frozenset(tool.spec.name for tool in tools)
        if self._ranking is None or self._ranking[0] != names:
            self._ranking = names, self._grove.tool_index([tool.spec for tool in tools])
        return self._ranking[1]


def _server(name: str, settings: ToolServer) -> "McpServer":
    # The SDK takes a second to import, and most installations have no server.
    from agents.mcp_client import McpServer  # noqa: PLC0415

    return McpServer(name, settings)


def toolset_of(grove: Grove) -> Toolset:
    """Give the tools that the caller may use, the same at each call: all runs share their connections."""
    reach = None if grove.sees_settings else frozenset[str]()  # those built in keep to a scope anyway
    return _toolset_of(grove.within(Access(grove.access.tenant, readable=reach)))


@lru_cache(maxsize=64)
def _toolset_of(grove: Grove) -> Toolset:
    return Toolset(grove)
