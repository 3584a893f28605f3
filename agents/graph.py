"""The graph's wiring, and nothing else: which node follows which.

prepare -> retrieve -> route -> read -> generate -> cite
   `-> greet             |       |          `-> search_again -> read
                         |       `----> refuse
                         |-> hop -> read
                         |-> plan -> (permit ->) act -> read
                         `-> refuse

A call that needs permission ends the graph; the same graph with checkpoints takes the state up at `permit`.
"""

import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt
from pydantic import TypeAdapter

from agents.answering import cite, generate, greet, refuse
from agents.nodes import act, hop, plan, prepare, read, retrieve, route, search_again
from agents.state import Context, State, Step
from agents.writing import Emit
from rag.core.events import StepFinished, StepStarted, TokenGenerated

__all__ = ["Graph", "answer_graph", "pausing_graph"]

Graph = CompiledStateGraph[State, Context, State, State]
Node = Callable[[State, Context, Emit], Awaitable[Step]]

_STATE: TypeAdapter[State] = TypeAdapter(State)
_WAYS = {"plain": "read", "hops": "hop", "tool": "plan", "missing": "refuse"}


@cache
def answer_graph() -> Graph:
    """Compile the graph that never pauses.

    Its custom stream carries events, whose numbers are still 0, and each node's change of the state.
    """
    return _wired().compile()


def pausing_graph(saver: BaseCheckpointSaver[Any]) -> Graph:
    """Compile the graph that pauses before a call: it is given a state with one, or an answer."""
    return _wired().compile(checkpointer=saver)


def _wired() -> StateGraph[State, Context, State, State]:
    graph = StateGraph(State, context_schema=Context)
    graph.add_conditional_edges(START, _first, ["prepare", "permit"])
    # Each node says itself which one follows: LangGraph's edges cost a sixth of a run's own time.
    _add(graph, prepare, _after_prepare, "retrieve", "greet")
    _add(graph, greet, lambda state: END, END)
    _add(graph, retrieve, lambda state: "route", "route")
    _add(graph, route, lambda state: _WAYS[state["route"]], *_WAYS.values())
    _add(graph, hop, lambda state: "read", "read")
    _add(graph, plan, _after_plan, "act", "read", END)
    graph.add_node("permit", _permit)
    graph.add_conditional_edges("permit", _after_permit, ["act", "read"])
    _add(graph, act, lambda state: "read", "read")
    _add(
        graph, read, lambda state: "generate" if state["is_answerable"] else "refuse", "generate", "refuse"
    )
    _add(graph, generate, _after_generate, "cite", "search_again")
    _add(graph, search_again, lambda state: "read", "read")
    _add(graph, cite, lambda state: END, END)
    _add(graph, refuse, lambda state: END, END)
    return graph


def _first(state: State) -> str:
    return "permit" if state.get("call") else "prepare"


def _after_prepare(state: State) -> str:
    return "greet" if state.get("reply") else "retrieve"


def _after_plan(state: State) -> str:
    call = state["call"]
    if call is None:
        return "read"
    return END if call.needs_permission else "act"


def _after_permit(state: State) -> str:
    return "act" if state.get("call") else "read"


def _after_generate(state: State) -> str:
    return "search_again" if state.get("doubted") else "cite"


def _permit(state: State) -> State:
    """Wait for a person; without permission there is nothing to call."""
    is_allowed = interrupt(None) is True
    # A checkpoint gives back lists where there were tuples.
    kept = _STATE.validate_python(_STATE.dump_python(state, warnings=False))
    if is_allowed:
        return kept
    call = kept["call"]
    unmet = "" if call is None else f"The tool {call.tool} was not called: it was not allowed."
    return State({**kept, "call": None, "unmet": unmet})


def _add(
    graph: StateGraph[State, Context, State, State],
    node: Node,
    following: Callable[[State], str],
    *destinations: str,
) -> None:
    """Add a node that tells when it begins and what it did, and which node follows.

    Args:
        graph: is added to.
        node: what is done.
        following: gives the name of the next node, by the state as this one leaves it.
        destinations: all that it may give.
    """
    name = node.__name__

    async def run(state: State, runtime: Runtime[Context]) -> Command[str]:
        emit = runtime.stream_writer
        emit(StepStarted(0, name))
        started = time.perf_counter()
        step = await node(state, runtime.context, lambda text: emit(TokenGenerated(0, text)))
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        emit(StepFinished(0, name, milliseconds, step.summary, step.inputs))
        emit(step.update)
        return Command(update=step.update, goto=following({**state, **step.update}))

    graph.add_node(name, cast(Any, run), destinations=destinations)  # Any: LangGraph's type is not public
