"""What the nodes of a run are given, taken from an installation."""

from functools import partial

from agents.state import Context, Limits
from rag.compose import DEFAULT, Grove
from rag.core.protocols import GenerationOptions

__all__ = ["context_of"]

_MULTI_HOP = "treehop"


def context_of(grove: Grove, *, collection: str, retriever: str, generator: str, filter: object) -> Context:
    """Check how a question is asked, and give the parts that answer it.

    Raises:
        InvalidInputError: a wrong filter, an unknown retriever or generator.
        NotFoundError: no such collection.
    """
    grove.check_search(collection=collection, retriever=retriever, filter=filter)
    generation, orchestration = grove.settings.generation, grove.settings.orchestration
    search = partial(grove.search, collection=collection, k=generation.num_passages, filter=filter)
    # Who names a retriever wants that one.
    can_hop = retriever == DEFAULT and _MULTI_HOP in grove.retriever_names()
    return Context(
        search=partial(search, retriever=retriever),
        generator=grove.generator(generator),
        quoting=grove.generator("extractive"),
        options=GenerationOptions(
            generation.max_tokens, generation.temperature, generation.timeout_seconds
        ),
        support=grove.support,
        locate=grove.catalog.locate,
        min_relevance=generation.min_relevance,
        min_answerability=generation.min_answerability,
        limits=Limits(
            orchestration.max_seconds,
            orchestration.max_steps,
            orchestration.max_tokens,
            orchestration.max_history_tokens,
        ),
        router=orchestration.router,
        rewriter=orchestration.rewriter,
        hop=partial(search, retriever=_MULTI_HOP) if can_hop else None,
    )
