"""What can be set about SQL: which databases questions may be answered from, and how far.

A part of the tree of rag/core/settings.py, apart so that rag/sql can be given its settings.
"""

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["SqlSettings", "SqlSourceSettings"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SCHEMES = ("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SqlSourceSettings(_Frozen):
    """A database that questions are answered from. It is only ever read."""

    url: str = Field(
        description="`sqlite:////absolute/file`, or `postgresql://ROLE:PASSWORD@HOST/NAME` of a role that"
        " can only read."
    )
    description: str = Field("", description="What is in it, for people and for the language model.")
    tables: tuple[str, ...] | None = Field(
        None, description="Only these of its tables and views; by default all."
    )
    collections: tuple[str, ...] | None = Field(
        None, description="Only questions to these collections may use it; by default all."
    )
    max_rows: int = Field(100, ge=1, le=10_000, description="A result is cut off behind so many rows.")
    timeout_seconds: float = Field(10.0, gt=0, description="A query that takes longer is ended.")

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        if not url.startswith(_SCHEMES):
            scheme = url.partition(":")[0]
            raise ValueError(f"an address starts with one of {', '.join(_SCHEMES)}, got {scheme!r}")
        return url


class SqlSettings(_Frozen):
    """Which databases there are, and who writes the queries."""

    sources: dict[str, SqlSourceSettings] = Field(
        {}, description="Databases by name; docs/sql.md shows one."
    )
    generator: str | None = Field(
        None, description="The generator that writes SQL which no rule reads off; by default none does."
    )
    max_attempts: int = Field(
        2, ge=1, le=10, description="How often that generator may try to write one query."
    )

    @field_validator("sources")
    @classmethod
    def _plain_names(cls, sources: dict[str, SqlSourceSettings]) -> dict[str, SqlSourceSettings]:
        if wrong := [name for name in sources if not _NAME.fullmatch(name)]:
            raise ValueError(
                "a source's name has 1 to 32 of a-z, 0-9, - and _, a letter first, got"
                f" {', '.join(map(repr, wrong))}"
            )
        return sources
