"""The graph's wiring, and nothing else: which node follows which.

prepare -> retrieve -> route -> read -> generate -> cite
                         |       `----> refuse
                         |-> hop -> read
                         |-> plan -> (permit ->) act -> read
                         `-> refuse

A call that needs permission ends the graph; the same graph with checkpoints takes the state up at `permit`.
"""

import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt
from pydantic import TypeAdapter

from agents.answering import cite, generate, refuse
from agents.nodes import act, hop, plan, prepare, read, retrieve, route
from agents.state import Context, State, Step
from agents.writing import Emit
from rag.core.events import StepFinished, StepStarted, TokenGenerated

__all__ = ["Graph", "answer_graph", "pausing_graph"]

Graph = CompiledStateGraph[State, Context, State, State]
Node = Callable[[State, Context, Emit], Awaitable[Step]]

_NODES: tuple[Node, ...] = (prepare, retrieve, route, hop, plan, act, read, generate, cite, refuse)
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
    for node in _NODES:
        graph.add_node(node.__name__, _evented(node.__name__, node))
    graph.add_node("permit", _permit)
    graph.add_conditional_edges(START, _first, ["prepare", "permit"])
    graph.add_edge("prepare", "retrieve")
    graph.add_edge("retrieve", "route")
    graph.add_conditional_edges("route", _after_route, sorted(set(_WAYS.values())))
    graph.add_edge("hop", "read")
    graph.add_conditional_edges("plan", _after_plan, ["act", "read", END])
    graph.add_conditional_edges("permit", _after_permit, ["act", "read"])
    graph.add_edge("act", "read")
    graph.add_conditional_edges("read", _after_read, ["generate", "refuse"])
    graph.add_edge("generate", "cite")
    graph.add_edge("cite", END)
    graph.add_edge("refuse", END)
    return graph


def _first(state: State) -> str:
    return "permit" if state.get("call") else "prepare"


def _after_route(state: State) -> str:
    return _WAYS[state["route"]]


def _after_plan(state: State) -> str:
    call = state["call"]
    if call is None:
        return "read"
    return END if call.needs_permission else "act"


def _after_permit(state: State) -> str:
    return "act" if state.get("call") else "read"


def _after_read(state: State) -> str:
    return "generate" if state["is_answerable"] else "refuse"


def _permit(state: State) -> State:
    """Wait for a person; without permission there is nothing to call."""
    is_allowed = interrupt(None) is True
    # A checkpoint gives back lists where there were tuples.
    kept = _STATE.validate_python(_STATE.dump_python(state, warnings=False))
    return kept if is_allowed else State({**kept, "call": None})


def _evented(name: str, node: Node) -> Any:  # Any: LangGraph's own node type is not public
    async def run(state: State, runtime: Runtime[Context]) -> State:
        emit = runtime.stream_writer
        emit(StepStarted(0, name))
        started = time.perf_counter()
        step = await node(state, runtime.context, lambda text: emit(TokenGenerated(0, text)))
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        emit(StepFinished(0, name, milliseconds, step.summary, step.inputs))
        emit(step.update)
        return step.update

    return run
