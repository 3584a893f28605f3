"""Which way a question goes: by what was found and what there is, or as the generator says.

Knows the ways and the signals; what is done on a way is the nodes'.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from agents.state import Context, Route, State
from agents.writing import asked
from rag.core.types import SearchResult, Usage
from rag.generation.context import neutralise
from rag.scoring.routing import LIKELY, brought, is_multihop, signals_of
from rag.scoring.words import distinct

__all__ = ["Choice", "choose", "described", "named"]

_LIKELY: Mapping[Route, float] = {"hops": LIKELY, "tool": 0.5}
"""A way is taken from this probability on that the question wants it."""
_WAYS: Mapping[Route, str] = {
    "plain": "search the documents and read what is found",
    "hops": "the answer joins facts of several documents, so search on from what is found",
    "tool": "use one of the tools",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The way of a question and what spoke for it."""

    route: Route
    ways: list[Route]  # that were open
    by: str  # signals, model, or nothing: where there was no choice
    signals: Mapping[str, object]
    tools: tuple[str, ...]  # among which one is chosen on the way
    usage: Usage
    hopped: SearchResult | None = None  # what hops found, where they were followed to judge them


async def choose(state: State, context: Context) -> Choice:
    """Choose among the ways that are open; where a model names none of them, the signals stand."""
    found: Route = "plain" if state["passages"] else "missing"
    usage = state["usage"]
    is_settled = context.router == "plain" or state.get("is_opened", False)
    ways = [] if is_settled else _open_ways(context)
    if not ways:
        return Choice(found, [found], "nothing", {}, (), usage)
    ways = ["plain", *ways]
    signals = await asyncio.to_thread(_signals, state, context)
    route, by = _by_signals(signals) or found, "signals"
    can_choose = context.router == "model" and context.generator.capabilities.follows_instructions
    if can_choose and signals.probabilities.get("tool") != 1:  # what a rule reads off is certain
        values = {"question": neutralise(state["query"]), "ways": described(ways)}
        said, usage = await asked("route", values, context, state)
        if (chosen := named(said, ways)) is not None:
            route, by = chosen, "model"
    tools = signals.tools if route == "tool" else ()
    hopped = signals.hopped if route == "hops" else None
    return Choice(route, ways, by, signals.shown, tools, usage, hopped)


def described(ways: Sequence[Route]) -> str:
    """Give what a model is told of the ways, one a line."""
    return "\n".join(f"{way}: {_WAYS[way]}" for way in ways)


def named(said: str, ways: Sequence[Route]) -> Route | None:
    """Give the way that a model's reply names, if it says that and nothing else.

    >>> named("`Hops`.", ["plain", "hops"])
    'hops'
    """
    name = said.strip(" .`\"'").lower()
    return next((way for way in ways if way == name), None)


@dataclass(frozen=True, slots=True)
class _Signals:
    probabilities: Mapping[Route, float]  # that the question wants the way
    tools: tuple[str, ...]
    hopped: SearchResult | None
    shown: Mapping[str, object]


def _open_ways(context: Context) -> list[Route]:
    ways: list[Route] = []
    if context.hop is not None:
        ways.append("hops")
    if context.tools is not None:
        ways.append("tool")
    return ways


def _signals(state: State, context: Context) -> _Signals:
    probabilities: dict[Route, float] = {}
    shown: dict[str, object] = {}
    tools: tuple[str, ...] = ()
    hopped: SearchResult | None = None
    if context.tools is not None:
        fits = context.tools.fits(state["query"])
        tools, probabilities["tool"] = tuple(fits), max(fits.values(), default=0.0)
        shown["tools"] = {name: round(chance, 3) for name, chance in fits.items()}
    if context.hop is not None and state["passages"] and probabilities.get("tool") != 1:
        texts = [distinct(f"{passage.title} {passage.text}") for passage in state["passages"]]
        signals = signals_of(state["query"], texts)
        if is_multihop(signals) >= LIKELY:  # else nothing that hops could bring would make it so
            hopped = context.hop(state["searched"])
            found = [(passage.chunk_id, passage.score) for passage in hopped.passages]
            before = [passage.chunk_id for passage in state["passages"]]
            signals = replace(signals, gain=brought(found, before=before))
        probabilities["hops"] = is_multihop(signals)
        seen = asdict(signals) if hopped else {**asdict(signals), "gain": None}
        shown |= {name: round(value, 3) for name, value in seen.items() if value is not None}
    rounded = {str(way): round(chance, 3) for way, chance in probabilities.items()}
    return _Signals(probabilities, tools, hopped, {**rounded, **shown})


def _by_signals(signals: _Signals) -> Route | None:
    """Give the likeliest way of those that are likely, if there is one."""
    likely = {way: p for way, p in signals.probabilities.items() if p >= _LIKELY[way]}
    return max(likely, key=lambda way: likely[way], default=None)
