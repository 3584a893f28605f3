"""What the nodes of a run are given, taken from an installation."""

import asyncio
from dataclasses import replace
from functools import partial

from agents.openings import openings
from agents.state import Context, Limits
from agents.tables import asked_table
from agents.tools import tool_scope
from agents.toolset import toolset_of
from rag.compose import DEFAULT, Grove
from rag.core.layout import Box
from rag.core.protocols import GenerationOptions, needs_of
from rag.generation.meter import Meter

__all__ = ["context_of"]

_MULTI_HOP = "treehop"
_OF_TOOLS = "tool:"  # how the ids of their results begin


async def context_of(
    grove: Grove, *, collection: str, retriever: str, generator: str, filter: object
) -> Context:
    """Check how a question is asked, and give the parts that answer it.

    Raises:
        InvalidInputError: a wrong filter, an unknown retriever or generator.
        NotFoundError: no such collection.
    """
    context = await asyncio.to_thread(
        _context, grove, collection=collection, retriever=retriever, generator=generator, filter=filter
    )
    if context.router == "plain":
        return context
    scope = tool_scope(
        grove, collection=collection, retriever=retriever, filter=filter, meter=context.meter
    )
    # A model that does not follow instructions calls nothing: what a rule reads off is called all the same.
    writer = context.generator if context.generator.capabilities.follows_instructions else None
    tools = await toolset_of(grove).caller(scope, generator=writer)
    table = partial(asked_table, scope=scope) if context.generator.capabilities.quotes_verbatim else None
    return replace(context, tools=tools, openings=partial(openings, scope=scope), asked_table=table)


def _context(grove: Grove, *, collection: str, retriever: str, generator: str, filter: object) -> Context:
    grove.check_search(collection=collection, retriever=retriever, filter=filter)
    generation, orchestration = grove.settings.generation, grove.settings.orchestration
    search = partial(grove.search, collection=collection, k=generation.num_passages, filter=filter)
    can_hop = retriever == DEFAULT and _can_hop(grove, collection)  # who names a retriever wants that one
    return Context(
        search=partial(search, retriever=retriever),
        generator=grove.generator(generator),
        quoting=grove.generator("extractive"),
        options=GenerationOptions(
            generation.max_tokens, generation.temperature, generation.timeout_seconds
        ),
        conditions=generation.conditions,
        max_doubt=orchestration.max_doubt,
        support=grove.support,
        locate=partial(_locate, grove),
        min_relevance=generation.min_relevance,
        min_answerability=generation.min_answerability,
        limits=Limits(
            orchestration.max_seconds,
            orchestration.max_steps,
            orchestration.max_tokens,
            orchestration.max_history_tokens,
        ),
        meter=Meter(orchestration.max_tokens),
        router=orchestration.router,
        rewriter=orchestration.rewriter,
        hop=partial(search, retriever=_MULTI_HOP) if can_hop else None,
    )


def _can_hop(grove: Grove, collection: str) -> bool:
    """Say whether there is a search of several hops and the collection has the kinds of index it needs."""
    if _MULTI_HOP not in grove.retriever_names():
        return False
    needs = set(needs_of(grove.retriever(_MULTI_HOP)))
    return needs <= grove.catalog.snapshot(collection).kinds.keys()


def _locate(
    grove: Grove, document_id: str, version: int, start: int, end: int
) -> tuple[int | None, tuple[Box, ...]]:
    if document_id.startswith(_OF_TOOLS):
        return None, ()  # what a tool gave has no pages
    return grove.catalog.locate(document_id, version, start, end)
