"""The graph's wiring, and nothing else: which node follows which.

prepare -> retrieve -> read -> generate -> cite
                        `----> refuse
"""

import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agents.nodes import cite, generate, prepare, read, refuse, retrieve
from agents.state import Context, State, Step
from rag.core.events import StepFinished, StepStarted, TokenGenerated

__all__ = ["answer_graph"]

Node = Callable[[State, Context, Callable[[str], None]], Awaitable[Step]]


@cache
def answer_graph() -> CompiledStateGraph[State, Context, State, State]:
    """Compile the graph; its custom stream carries events whose sequence numbers are still 0."""
    graph = StateGraph(State, context_schema=Context)
    for node in (prepare, retrieve, read, generate, cite, refuse):
        graph.add_node(node.__name__, _evented(node.__name__, node))
    graph.add_edge(START, "prepare")
    graph.add_edge("prepare", "retrieve")
    graph.add_edge("retrieve", "read")
    graph.add_conditional_edges("read", _after_read, ["generate", "refuse"])
    graph.add_edge("generate", "cite")
    graph.add_edge("cite", END)
    graph.add_edge("refuse", END)
    return graph.compile()


def _after_read(state: State) -> str:
    return "generate" if state["is_answerable"] else "refuse"


def _evented(name: str, node: Node) -> Any:  # Any: LangGraph's own node type is not public
    async def run(state: State, runtime: Runtime[Context]) -> State:
        emit = runtime.stream_writer
        emit(StepStarted(0, name))
        started = time.perf_counter()
        step = await node(state, runtime.context, lambda text: emit(TokenGenerated(0, text)))
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        emit(StepFinished(0, name, milliseconds, step.summary))
        return step.update

    return run
