"""What the nodes of the graph read and write, and what they are given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from rag.core.protocols import GenerationOptions, Generator, Message
from rag.core.types import Citation, Passage, SearchResult, Sentence, Usage
from rag.generation.answer import Locate
from rag.generation.support import Support

__all__ = ["Context", "State", "Step"]


class State(TypedDict, total=False):
    """One run; each node adds its part."""

    question: str
    history: tuple[Message, ...]
    query: str  # what is read for: the question, made to stand alone
    searched: str  # what is searched for
    passages: list[Passage]
    is_answerable: bool
    short_answer: str | None  # the few words that answer; none where it takes sentences
    draft: str  # as generated
    usage: Usage
    answer: str  # as cited: the draft without markers that the model invented
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    refused: bool


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that the nodes call; the same for every step of a run."""

    search: Callable[[str], SearchResult]
    generator: Generator
    quoting: Generator  # whose answer stands where that of a checked generator is not supported
    options: GenerationOptions
    support: Support
    locate: Locate
    min_relevance: float
    min_answerability: float


@dataclass(frozen=True, slots=True)
class Step:
    """What a node gives back: its change of the state, and that in short for the event."""

    update: State
    summary: Mapping[str, object] = field(default_factory=dict)
