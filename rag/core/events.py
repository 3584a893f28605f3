"""What happens during a run, as one discriminated union with a sequence number.

Written once, in order, to the event table; the command line, the HTTP stream and the page read
the same events. `type` discriminates; pydantic reads and writes them as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rag.core.types import Answer, Citation, Passage

__all__ = [
    "AnswerFinished",
    "CitationFound",
    "Event",
    "PermissionAnswered",
    "PermissionAsked",
    "RunFailed",
    "RunStarted",
    "StepFinished",
    "StepStarted",
    "TokenGenerated",
]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A question was accepted."""

    seq: int
    run_id: str
    question: str
    collection: str
    retriever: str
    generator: str
    filter: Mapping[str, Any] | None = None  # Any: JSON of the filter language
    type: Literal["run.started"] = "run.started"


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A node of the graph began."""

    seq: int
    step: str
    type: Literal["step.started"] = "step.started"


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A node of the graph ended; `inputs` and `summary` hold what went in and came out, in short."""

    seq: int
    step: str
    milliseconds: float
    summary: Mapping[str, object] = field(default_factory=dict)
    inputs: Mapping[str, object] = field(default_factory=dict)
    type: Literal["step.finished"] = "step.finished"


@dataclass(frozen=True, slots=True)
class PermissionAsked:
    """A tool with side effects waits for a person; the last event of a run until it is answered."""

    seq: int
    tool: str
    arguments: Mapping[str, Any]  # Any: JSON of the tool's schema
    effects: str  # what the tool changes, in its own words
    type: Literal["permission.asked"] = "permission.asked"


@dataclass(frozen=True, slots=True)
class PermissionAnswered:
    """A person has allowed the tool to run, or not; the run goes on."""

    seq: int
    tool: str
    is_allowed: bool
    type: Literal["permission.answered"] = "permission.answered"


@dataclass(frozen=True, slots=True)
class TokenGenerated:
    """The next piece of the answer's text."""

    seq: int
    text: str
    type: Literal["token"] = "token"


@dataclass(frozen=True, slots=True)
class CitationFound:
    """A span of the answer is supported by a span of a document."""

    seq: int
    number: int  # as shown: [1]
    citation: Citation
    type: Literal["citation"] = "citation"


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    """The run ended with an answer; always the last event of a run that did not fail."""

    seq: int
    answer: Answer
    type: Literal["answer.finished"] = "answer.finished"


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The run ended without an answer; always the last event."""

    seq: int
    error: str
    message: str
    found: tuple[Passage, ...] = ()  # before it ended, best first
    type: Literal["error"] = "error"


Event = (
    RunStarted
    | StepStarted
    | StepFinished
    | PermissionAsked
    | PermissionAnswered
    | TokenGenerated
    | CitationFound
    | AnswerFinished
    | RunFailed
)
