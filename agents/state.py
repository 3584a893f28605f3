"""What the nodes of the graph read and write, and what they are given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from typing_extensions import TypedDict  # pydantic reads no other

from agents.calling import Call
from agents.compound import Part
from agents.openings import Opening
from agents.shares import Share
from agents.tables import AskedTable
from rag.core.protocols import GenerationOptions, Generator, Message
from rag.core.types import Citation, Missing, Passage, SearchResult, Sentence, Usage
from rag.generation.answer import Locate
from rag.generation.meter import Meter
from rag.reading.candidates import Judgement
from rag.reading.support import Support

__all__ = ["Context", "Limits", "Route", "State", "Step", "Toolbox"]

Route = Literal["plain", "hops", "tool", "missing"]
"""Read what was found; search on from what was found; use a tool; say what is missing."""


class State(TypedDict, total=False):
    """One run; each node adds its part."""

    question: str
    history: tuple[Message, ...]
    query: str  # what is read for: the question, made to stand alone
    parts: tuple[Part, ...]  # of the query: the questions that it asks, in order
    open_parts: tuple[Part, ...]  # those that the passages do not answer, where they answer others
    share: Share | None  # that is asked for of what the query asks after
    reply: str  # to what asks nothing of the documents
    searched: str  # what is searched for
    spelt: Mapping[str, str]  # words of the query that were misspelt, and what they are read as
    is_opened: bool  # the passages are what the question names: how documents begin, a page, a table
    route: Route
    hopped: SearchResult | None  # what hops found, where they were followed to choose the way
    tools: tuple[str, ...]  # among which one is chosen
    call: Call | None  # that was chosen and has not run yet
    unmet: str  # why a call that was chosen, or a page that is asked for, gave nothing
    is_of_tool: bool  # the passages are what a tool gave back
    passages: list[Passage]
    is_answerable: bool
    judged: Judgement  # of the passages; of several questions that of the one likeliest answered
    short_answer: str | None  # the few words that answer; none where it takes sentences
    draft: str  # as generated
    doubted: tuple[str, ...]  # what the generator stopped for: words to search for before it writes anew
    num_doubted: int  # how often it did
    usage: Usage  # of all that the generator was asked
    answer: str  # as cited: the draft without markers that the model invented
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    refused: bool
    missing: Missing | None


class Toolbox(Protocol):
    """The tools of a run, as the nodes see them."""

    def fits(self, question: str) -> Mapping[str, float]:
        """Give the tools that may serve, best first, each with the probability that it is wanted."""
        ...

    async def plan(self, question: str, names: Sequence[str]) -> Call | None:
        """Choose one of these tools and its arguments; None where the question gives none of them any.

        Raises:
            GenerationError: the model that writes the arguments failed.
        """
        ...

    async def run(self, call: Call) -> list[Passage]:
        """Call the tool and give its result as passages.

        Raises:
            RagError: the call failed; the message says how.
        """
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a run may go."""

    seconds: float
    steps: int
    tokens: int  # read and written by the generator
    history_tokens: int


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
    limits: Limits
    meter: Meter = field(default_factory=Meter)  # of what is read and written for tools
    router: Literal["signals", "model", "plain"] = "plain"
    rewriter: Literal["model", "rules"] = "rules"
    hop: Callable[[str], SearchResult] | None = None  # a search that goes on from what it found
    tools: Toolbox | None = None
    openings: Callable[[str], list[Opening]] | None = None  # of documents asked after
    asked_table: Callable[[str, Sequence[Passage]], AskedTable | None] | None = None
    """The table of a document whose rows are asked for, if there is one."""
    conditions: tuple[str, ...] = ()  # that an answer is held to, over the passages of its prompt
    max_doubt: float | None = None  # about a sentence; with more, the generator's doubt is searched for


@dataclass(frozen=True, slots=True)
class Step:
    """What a node gives back: its change of the state, and for the event what came out and went in."""

    update: State
    summary: Mapping[str, object] = field(default_factory=dict)
    inputs: Mapping[str, object] = field(default_factory=dict)
