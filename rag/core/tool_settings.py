"""What can be set about tools: which servers of the Model Context Protocol are asked, and how far.

A part of the tree of rag/core/settings.py, apart so that what talks to a server can be given its settings.
"""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["ToolServer", "ToolSettings"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolServer(_Frozen):
    """A server of the Model Context Protocol whose tools are used."""

    command: tuple[str, ...] = Field((), description="Started as a process: the program and its arguments.")
    url: str | None = Field(None, description="Or reached over streamable HTTP.")
    environment: dict[str, str] = Field(
        default_factory=dict, description="Variables of the process, besides PATH, HOME and the like."
    )
    authorization: str | None = Field(None, description="Header of that name, as in `Bearer ...`.")
    tools: tuple[str, ...] | None = Field(None, description="Only these of its tools; by default all.")
    ask: Literal["always", "writes", "never"] = Field(
        "always",
        description="When a person is asked before a call. `writes` believes what the server says.",
    )
    timeout_seconds: float = Field(30.0, gt=0, description="Longest start, and longest call.")
    max_result_chars: int = Field(50_000, ge=100, description="Longer results are cut off.")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if bool(self.command) == (self.url is not None):
            raise ValueError('give "command" or "url", and not both')
        if self.url is not None and not self.url.startswith(("http://", "https://")):
            raise ValueError(f'"url" starts with http:// or https://, got {self.url!r}')
        return self


class ToolSettings(_Frozen):
    """Which tools there are and how they are called."""

    disabled: tuple[str, ...] = Field((), description="Built-in tools that are not used, by name.")
    servers: dict[str, ToolServer] = Field(
        {}, description="Servers of the Model Context Protocol by name; docs/tools.md shows one."
    )
    num_shown: int = Field(
        5, ge=1, le=50, description="Tools that the language model sees of all there are."
    )
    max_attempts: int = Field(
        3, ge=1, le=10, description="How often the language model may try to write the arguments of a call."
    )

    @field_validator("servers")
    @classmethod
    def _plain_names(cls, servers: dict[str, ToolServer]) -> dict[str, ToolServer]:
        if wrong := [name for name in servers if not _NAME.fullmatch(name)]:
            raise ValueError(
                "a server's name has 1 to 32 of a-z, 0-9 and -, a letter first, got"
                f" {', '.join(map(repr, wrong))}"
            )
        return servers
