"""What a generator is asked, what it gives, and what it says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from rag.core.types import Doubt, Passage, Usage

__all__ = [
    "Condition",
    "Delta",
    "GenerationOptions",
    "GeneratorCapabilities",
    "Message",
    "PassageOrder",
    "Prompt",
]

PassageOrder: TypeAlias = Literal["best_first", "best_at_ends", "stable"]
"""Where in a prompt passages stand: by rank, or where they stand in their documents, whatever is asked."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator is asked: rendered messages, and the question and passages they hold."""

    messages: tuple[Message, ...]
    question: str
    passages: tuple[Passage, ...] = ()


class Condition(Protocol):
    """What a text must keep, where no grammar says it; a value, which depends on the text alone."""

    def allows_prefix(self, text: str) -> bool:
        """Say whether a text that begins so may keep it; surrogates at its end are a character begun."""
        ...

    def allows_complete(self, text: str) -> bool:
        """Say whether the text keeps it as it is."""
        ...


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How to generate; temperature 0 is greedy."""

    max_tokens: int = 192
    temperature: float = 0.0
    timeout_seconds: float = 120.0
    schema: Mapping[str, Any] | None = None  # Any: JSON; the answer is JSON of this schema
    grammar: str | None = None  # Lark's form, as llguidance reads it; the answer is a sentence of it
    conditions: tuple[Condition, ...] = ()  # the answer keeps them all
    seed: int | None = None  # of the sampling; None: the generator's own


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of a generated text; the last one carries the usage."""

    text: str
    usage: Usage | None = None
    doubt: Doubt | None = None  # where a sentence ends, of generators that are asked to say


@dataclass(frozen=True, slots=True)
class GeneratorCapabilities:
    """What a generator can do, as data."""

    model: str
    context_tokens: int  # prompt and answer together
    quotes_verbatim: bool = False  # every sentence is copied from a passage
    follows_instructions: bool = False  # well enough to rewrite a question or to choose a way
    keeps_schema: bool = False  # writes JSON of the options' schema, unless max_tokens cuts it off
    keeps_grammar: bool = False  # the same for the options' grammar
    keeps_conditions: bool = False  # the same for their conditions
    is_checked: bool = False  # shown only if passages support every sentence; else what is quoted stands
    passage_order: PassageOrder = "best_first"
