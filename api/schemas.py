"""What HTTP requests and replies look like; pydantic only here, at the edge.

Replies reuse the core's and the database's own dataclasses wherever they are what a client wants.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator
from typing_extensions import TypeAliasType

from api.citations import CitationFormat
from rag.compose import DEFAULT
from rag.core.events import Event, PermissionAsked, StepFinished
from rag.core.protocols import Message
from rag.core.types import Answer, Citation, Missing, Passage, Sentence, Usage
from rag.db.catalog import CollectionSummary, DocumentSummary
from rag.db.jobs import JobStatus
from rag.db.runs import RunSummary

__all__ = [
    "NOT_STORABLE",
    "AnswerReply",
    "AskBody",
    "Body",
    "CollectionBody",
    "CollectionList",
    "Deleted",
    "Dependency",
    "DocumentList",
    "Health",
    "JobList",
    "PermissionBody",
    "Readiness",
    "RunEvent",
    "RunList",
    "RunReply",
    "SearchBody",
    "SearchReply",
    "WaitingReply",
]

# An alias with a name, so that the union has one in the OpenAPI document too.
RunEvent = TypeAliasType("RunEvent", Annotated[Event, Field(discriminator="type")])
NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
"""What no database takes in a text."""
FilterJson = Annotated[
    dict[str, Any] | None, Field(description="Metadata filter; docs/http.md gives the language.")
]


class Body(BaseModel):
    """A request body; a field that does not exist is an error."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_text_that_cannot_be_stored(cls, body: Any) -> Any:  # Any: decoded JSON
        for text in _texts(body):
            if NOT_STORABLE.search(text):
                raise ValueError(f"text must not contain NUL or half of a surrogate pair, got {text!r:.80}")
        return body


class CollectionBody(Body):
    """A collection to make."""

    name: str
    index: str | None = Field(
        None,
        description="Kinds of index, with commas: dense, late, long; by default those of the settings.",
    )


class SearchBody(Body):
    """What to look for, where and how."""

    query: str
    collection: str = DEFAULT
    retriever: str = DEFAULT
    k: StrictInt = 10
    filter: FilterJson = None


class AskBody(Body):
    """A question, and how to answer it."""

    question: str
    collection: Annotated[
        str,
        Field(
            description="Where to look; of a conversation, unless it is given, that of the conversation."
        ),
    ] = DEFAULT
    retriever: str = DEFAULT
    generator: str = DEFAULT
    filter: FilterJson = None
    history: list[Message] = Field([], description="Earlier turns, oldest first.", max_length=200)
    citation_format: CitationFormat | None = Field(
        None, description="Give the answer as a message of another service besides, under `message`."
    )
    stream: StrictBool = Field(False, description="Reply with server-sent events as they happen.")
    detach: StrictBool = Field(False, description="Of a stream: closing the connection ends nothing.")
    conversation_id: str | None = Field(None, description="The conversation that this is a turn of.")
    replaces: str | None = Field(None, description="The turn, by its run, in whose place this one comes.")


class PermissionBody(Body):
    """What a person says to a call that waits."""

    allow: StrictBool
    stream: StrictBool = Field(False, description="Reply with the events that follow, as they happen.")
    detach: StrictBool = Field(False, description="Of a stream: closing the connection ends nothing.")


def _texts(value: object) -> Iterator[str]:
    rest = [value]  # not recursive: JSON may be nested deeply
    while rest:
        match rest.pop():
            case str() as text:
                yield text
            case dict() as fields:
                rest += [*fields, *fields.values()]
            case list() as items:
                rest += items


@dataclass(frozen=True, slots=True)
class Health:
    """The process is alive."""

    status: Literal["ok"]


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something the server needs, and whether it answers."""

    name: str
    ok: bool
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the server can do its work."""

    status: Literal["ready", "down"]
    dependencies: list[Dependency]


@dataclass(frozen=True, slots=True)
class CollectionList:
    """The collections by name."""

    collections: list[CollectionSummary]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentList:
    """One page of documents; `next` is the `after` of the next one."""

    documents: list[DocumentSummary]
    next: str | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """How much was deleted."""

    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class JobList:
    """Jobs, newest first."""

    jobs: list[JobStatus]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class SearchReply:
    """Passages, best first; timings in milliseconds; counts, as of calls of a language model."""

    hits: list[Passage]
    timings: Mapping[str, float]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AnswerReply:
    """An answer with what each sentence rests on, and the steps that led to it."""

    answer: str
    short_answer: str | None
    refused: bool
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    run_id: str
    timings: Mapping[str, float]
    usage: Usage
    missing: Missing | None
    steps: list[StepFinished]
    message: dict[str, Any] | None = None  # Any: JSON of `citation_format`

    @classmethod
    def of(cls, answer: Answer, steps: list[StepFinished]) -> "AnswerReply":
        """Add the steps."""
        return cls(
            answer=answer.answer,
            short_answer=answer.short_answer,
            refused=answer.refused,
            sentences=answer.sentences,
            citations=answer.citations,
            run_id=answer.run_id,
            timings=answer.timings,
            usage=answer.usage,
            missing=answer.missing,
            steps=steps,
        )


@dataclass(frozen=True, slots=True)
class WaitingReply:
    """A run that has stopped to ask; the answer goes to /api/v1/runs/{run_id}/permission."""

    run_id: str
    permission: PermissionAsked
    steps: list[StepFinished]


@dataclass(frozen=True, slots=True)
class RunList:
    """Questions that were asked, newest first."""

    runs: list[RunSummary]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class RunReply:
    """A question and everything that happened."""

    run: RunSummary
    events: list[RunEvent]
