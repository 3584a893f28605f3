"""How processes that keep running write their log."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["LogSettings"]


class LogSettings(BaseModel):
    """How `rag serve` and `rag worker` write their log."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal["auto", "json", "text"] = Field(
        "auto", description="`auto` is text on a terminal, else one JSON object a line."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Of our own messages; `info` has a line for each request."
    )
