"""What requests and replies about conversations and feedback look like."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from api.schemas import Body, RunEvent
from rag.compose import DEFAULT
from rag.db.conversations import ConversationSummary, ConversationTurn
from rag.db.feedback import Feedback, Rating
from rag.db.runs import RunSummary

__all__ = [
    "ConversationBody",
    "ConversationList",
    "ConversationReply",
    "FeedbackBody",
    "FeedbackList",
    "TitleBody",
]

_MAX_REASON_CHARS = 2000


class ConversationBody(Body):
    """A conversation to begin."""

    collection: str = Field(DEFAULT, max_length=200)
    title: str = Field("", description="By default its first question.")


class TitleBody(Body):
    """Another title."""

    title: str


class FeedbackBody(Body):
    """What a person thinks of an answer."""

    rating: Literal["up", "down"]
    reason: str = Field("", max_length=_MAX_REASON_CHARS)


@dataclass(frozen=True, slots=True)
class ConversationList:
    """One page of conversations, the latest first; `next` is the `after` of the next one."""

    conversations: list[ConversationSummary]
    next: str | None
    can_share: bool  # whether links to conversations are allowed here


@dataclass(frozen=True, slots=True)
class TurnReply:
    """A question of a conversation, what happened, and what the caller thinks of it."""

    run: RunSummary
    events: list[RunEvent]
    rating: Rating | None


@dataclass(frozen=True, slots=True)
class ConversationReply:
    """A conversation with its turns, oldest first."""

    conversation: ConversationSummary
    turns: list[TurnReply]

    @classmethod
    def of(
        cls, summary: ConversationSummary, turns: list[ConversationTurn], ratings: dict[str, Rating]
    ) -> "ConversationReply":
        """Put the parts together."""
        shown = [TurnReply(turn.run, turn.events, ratings.get(turn.run.run_id)) for turn in turns]
        return cls(summary, shown)


@dataclass(frozen=True, slots=True)
class FeedbackList:
    """One page of feedback, newest first; `next` is the `after` of the next one."""

    feedback: list[Feedback]
    next: str | None
