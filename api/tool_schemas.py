"""What lists of tools and of databases look like."""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.toolset import ToolSummary
from rag.sql.source import SqlSourceSummary

__all__ = ["SqlSourceList", "ToolList"]


@dataclass(frozen=True, slots=True)
class SqlSourceList:
    """The registered databases."""

    sources: list[SqlSourceSummary]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class ToolList:
    """The tools, and for each server that failed why."""

    tools: list[ToolSummary]
    failures: Mapping[str, str]
    next: str | None = None
