"""What can be set about the graph of a question; a part of the tree of rag/core/settings.py."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["OrchestrationSettings"]


class OrchestrationSettings(BaseModel):
    """How a question goes through the graph, and how far."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    router: Literal["signals", "model", "plain"] = Field(
        "signals",
        description="What chooses the way of a question: `signals` (what was found), `model` (the"
        " generator, where it follows instructions), or `plain` (always search and read).",
    )
    rewriter: Literal["model", "rules"] = Field(
        "model",
        description="What makes a follow-up stand alone: the generator where it follows instructions, else"
        " `rules`.",
    )
    max_seconds: float = Field(300.0, gt=0, description="A run that takes longer is ended.")
    max_steps: int = Field(24, ge=6, description="A run that takes more steps is ended.")
    max_tokens: int = Field(
        100_000, ge=1, description="Tokens that the generator may read and write for one question."
    )
    max_history_tokens: int = Field(
        2000, ge=0, description="Of earlier turns, the newest that fit are read."
    )
    max_doubt: float | None = Field(
        None,
        ge=0,
        description="A generator that says how sure it is (`atlas`) stops at a sentence that it doubts more"
        " than this, and what the doubt is about is searched for before it writes anew; by default never.",
    )
