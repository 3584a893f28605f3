"""The scope of a run's tool calls: an installation's reads, narrowed to one collection and one filter."""

from collections.abc import Callable
from datetime import date

from agents.tools._tool import ToolScope
from rag.compose import DEFAULT, Grove
from rag.core.errors import NotFoundError
from rag.core.filters import matches, parse_filter
from rag.db.catalog import StoredDocument, StoredName, StoredText
from rag.generation.meter import Meter

__all__ = ["tool_scope"]


def tool_scope(
    grove: Grove,
    *,
    collection: str = DEFAULT,
    retriever: str = DEFAULT,
    filter: object = None,
    today: Callable[[], date] = date.today,
    meter: Meter | None = None,
) -> ToolScope:
    """Give what calls may see.

    Args:
        grove: the installation.
        collection: where to look.
        retriever: how the tool `search` looks.
        filter: decoded JSON of the filter language, or None.
        today: the clock.
        meter: counts what generators read and write for the calls; without one that has no end.

    Raises:
        InvalidFilterError: a wrong filter.
    """
    condition = parse_filter(filter)

    def passes(document: StoredName | StoredText | StoredDocument) -> bool:
        return matches(condition, {**document.metadata, "source": document.source})

    def document(document_id: str) -> StoredDocument:
        found = grove.catalog.document(document_id)
        if found.collection != collection or not passes(found):
            raise NotFoundError(f"no document {document_id!r} here; list_documents says what there is")
        return found

    return ToolScope(
        collection,
        condition,
        lambda text, k: grove.search(text, collection=collection, retriever=retriever, k=k, filter=filter),
        lambda: (each for each in grove.catalog.names(collection) if passes(each)),
        lambda: (each for each in grove.catalog.texts(collection) if passes(each)),
        document,
        today,
        meter or Meter(),
    )
