"""Everything a user can set, in one frozen tree: the only reader of the environment.

Each field is `GROVE_` and its path, levels joined by two underscores:
`GROVE_GENERATOR__KIND=transformers`. docs/settings.md is made from these descriptions.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from rag.core.errors import InvalidInputError
from rag.core.ingestion_settings import IngestionSettings
from rag.core.kinds import parse_kinds
from rag.core.log_settings import LogSettings
from rag.core.orchestration_settings import OrchestrationSettings
from rag.core.redaction import without_secrets
from rag.core.server_settings import ServerSettings
from rag.core.source_settings import SourceSettings
from rag.core.sql_settings import SqlSettings
from rag.core.tool_settings import ToolSettings

__all__ = ["IngestionSettings", "LogSettings", "Part", "ServerSettings", "Settings"]


_OTHER_VARIABLES = {"REQUIRE", "SHARED", "VLLM"}  # of the tests, and of the plugin in vLLM
_OF_THIS_MACHINE = {"home", "database_url", "models_dir", "tenant", "server", "log"}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Frozen):
    """A file of a family, chosen by name, with the values of its parameters."""

    kind: str = Field(description="File name of the part.")
    options: dict[str, Any] = Field(  # Any: each part checks its own parameters
        default_factory=dict, description="Its parameters, as JSON."
    )


class GenerationSettings(_Frozen):
    """How answers are written."""

    max_tokens: int = Field(192, ge=1, description="Longest answer, in tokens.")
    temperature: float = Field(0.0, ge=0, le=2, description="0 is greedy.")
    timeout_seconds: float = Field(120.0, gt=0, description="A slower answer is an error.")
    conditions: tuple[Literal["citations", "quotes"], ...] = Field(
        ("citations",),
        description="What a model in this process cannot but keep: a citation mark names a passage, a"
        " quotation stands in one.",
    )
    num_passages: int = Field(6, ge=1, le=100, description="Passages retrieved for an answer.")
    min_relevance: float = Field(
        0.5, ge=0, le=1, description="Below this probability of support, a sentence is unsupported."
    )
    min_answerability: float = Field(
        0.53, ge=0, le=1, description="Below this probability that the passages hold an answer, it refuses."
    )


class _Environment(EnvSettingsSource):
    """The environment; what should be JSON and is not stays text, which the field then refuses by name."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # Any: JSON
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class Settings(BaseSettings):
    """The whole tree; built once by an entry point and handed down."""

    model_config = SettingsConfigDict(
        env_prefix="GROVE_",
        env_nested_delimiter="__",
        env_ignore_empty=True,  # NAME= means: not set
        nested_model_default_partial_update=True,  # options without kind change the default's options
        frozen=True,
        extra="forbid",
    )

    home: Path = Field(Path("~/.grove"), description="Where everything is kept.")
    database_url: str | None = Field(
        None, description="SQLAlchemy address of the database; by default SQLite in the home."
    )
    tenant: str = Field("default", description="The tenant that this installation serves.")
    models_dir: Path = Field(
        Path(sys.prefix) / "share" / "grove" / "models",
        description="Where weights that need conversion are kept once converted.",
    )
    encoder: Part = Field(Part(kind="minilm"), description="Text to vectors: a file of rag/encoders.")
    late_encoder: Part = Field(
        Part(kind="late"), description="Text to one vector a token: a file of rag/encoders."
    )
    long_encoder: Part = Field(
        Part(kind="long"), description="Sections to one vector each: a file of rag/encoders."
    )
    reader: Part | None = Field(
        None,
        description="Where answers stand in passages: a file of rag/reading/readers; by default `minilm`"
        " with the encoder of that name, else `none`.",
    )
    indexes: str | None = Field(
        None,
        description="Kinds of index of new collections, joined by commas: `dense`, `late`, `long`. By"
        " default `dense,late`, where the late encoder shares the pass of the encoder; else `dense`.",
    )
    store: Part | None = Field(
        None, description="A file of rag/stores; by default pgvector on PostgreSQL, else faiss."
    )
    chunker: Part = Field(Part(kind="structure"), description="A file of indexing/chunkers.")
    scorer: Part = Field(
        Part(kind="likelihood"),
        description="What `rerank` asks: a file of rag/generation/scorers.",
    )
    retriever: Part | None = Field(
        None,
        description="The retriever called `default`: a file of rag/retrieval; by default `hybrid+late`"
        " where a collection has token vectors, else `hybrid`.",
    )
    retrievers: dict[str, Part] = Field({}, description="Named pipelines of retrievers.")
    generator: Part = Field(
        Part(kind="extractive"),
        description="The generator called `default`: a file of rag/generation/backends.",
    )
    generators: dict[str, Part] = Field(
        {}, description="Named profiles of generators, besides `vllm`, the server of `rag llm serve`."
    )
    ingestion: IngestionSettings = Field(IngestionSettings(), description="How documents are taken in.")
    generation: GenerationSettings = Field(GenerationSettings(), description="How answers are written.")
    orchestration: OrchestrationSettings = Field(
        OrchestrationSettings(), description="How a question goes through the graph."
    )
    log: LogSettings = Field(LogSettings(), description="The log of `rag serve` and `rag worker`.")
    server: ServerSettings = Field(ServerSettings(), description="How `rag serve` listens.")
    sql: SqlSettings = Field(SqlSettings(), description="Databases that questions are answered from.")
    sources: SourceSettings = Field(SourceSettings(), description="Where documents may come from.")
    tools: ToolSettings = Field(ToolSettings(), description="Which tools there are.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment."""
        return init_settings, _Environment(settings_cls)

    @field_validator("database_url")
    @classmethod
    def _by_one_name(cls, value: str | None) -> str | None:
        return value and re.sub("^postgres(?=[+:])", "postgresql", value)

    @field_validator("indexes")
    @classmethod
    def _known_kinds(cls, value: str | None) -> str | None:
        try:
            return None if value is None else ",".join(parse_kinds(value))
        except InvalidInputError as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _refuse_unknown_variables(self) -> Self:
        given = sorted(name for name in os.environ if name.upper().startswith("GROVE_"))
        if unknown := [name for name in given if not self._is_known(name.upper().removeprefix("GROVE_"))]:
            raise ValueError(f"no such setting: {', '.join(unknown)}")
        return self

    def _is_known(self, variable: str) -> bool:
        name, *inner = variable.split("__")
        if name.lower() not in type(self).model_fields:
            return variable in _OTHER_VARIABLES
        # What is inside a model or a dictionary, that itself refuses.
        return not inner or isinstance(getattr(self, name.lower()), BaseModel | dict)

    def changed(self) -> dict[str, str]:
        """Give the variables whose values are not the default ones, but for places and secrets."""
        return {
            name: value
            for field, info in type(self).model_fields.items()
            if field not in _OF_THIS_MACHINE
            for name, value in _variables(f"GROVE_{field}", getattr(self, field), info.default)
        }

    @property
    def home_dir(self) -> Path:
        """Give the home with `~` expanded."""
        return self.home.expanduser()

    @property
    def uploads_dir(self) -> Path:
        """Give where files lie until a job has read them."""
        return self.home_dir.absolute() / "uploads"

    @property
    def resolved_database(self) -> str | Path:
        """Give the database's address, or by default the file of SQLite in the home."""
        return self.database_url or self.home_dir / "grove.db"

    @property
    def resolved_indexes(self) -> tuple[str, ...]:
        """Give the kinds of index of new collections."""
        if self.indexes is not None:
            return parse_kinds(self.indexes)
        is_shared = (self.encoder.kind, self.late_encoder) == ("minilm", Part(kind="late"))
        return parse_kinds("dense,late" if is_shared else "dense")

    @property
    def resolved_reader(self) -> Part:
        """Give the reader: what was set, or the one that knows the encoder."""
        return self.reader or Part(kind="minilm" if self.encoder.kind == "minilm" else "none")

    @property
    def resolved_store(self) -> Part:
        """Give the store: what was set, or the one that fits the database."""
        if self.store is not None:
            return self.store
        return Part(kind="pgvector" if (self.database_url or "").startswith("postgresql") else "faiss")


def _variables(name: str, value: object, default: object) -> Iterator[tuple[str, str]]:
    """Give the variables that make a setting what it is."""
    if value == default:
        return
    if isinstance(value, BaseModel):
        for field, info in type(value).model_fields.items():
            former = getattr(default, field, info.default)
            yield from _variables(f"{name}__{field}", getattr(value, field), former)
    else:
        shown = without_secrets(name, value)
        yield name.upper(), shown if isinstance(shown, str) else json.dumps(shown)
