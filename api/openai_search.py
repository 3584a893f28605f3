"""Searching several collections as OpenAI's interfaces ask for it, and how its results look there."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.telemetry.metrics import Metrics
from rag.compose import DEFAULT, Grove
from rag.core.types import Attribute, Passage
from rag.db.files import file_id_of, file_name_of

__all__ = ["attributes_for", "found_passages", "results_of"]


def found_passages(
    grove: Grove,
    queries: Sequence[str],
    collections: Sequence[str],
    *,
    k: int,
    metrics: Metrics,
    retriever: str = DEFAULT,
    filter: object = None,
) -> list[Passage]:
    """Give at most k passages, those best for any of the queries in any of the collections."""
    best: dict[str, Passage] = {}
    for collection in dict.fromkeys(collections):
        for query in dict.fromkeys(queries):
            found = grove.search(query, collection=collection, retriever=retriever, k=k, filter=filter)
            metrics.searched(found.timings)
            for passage in found.passages:
                known = best.get(passage.chunk_id)
                if known is None or known.score < passage.score:
                    best[passage.chunk_id] = passage
    return sorted(best.values(), key=lambda passage: -passage.score)[:k]


def results_of(grove: Grove, passages: Sequence[Passage]) -> list[dict[str, Any]]:
    """Give passages as the results of a file search."""
    attributes = grove.files.document_attributes([passage.document_id for passage in passages])
    return [
        {
            "file_id": file_id_of(passage.document_id, passage.source),
            "filename": file_name_of(passage.source),
            "score": passage.score,
            "text": passage.text,
            "attributes": attributes_for(attributes.get(passage.document_id, {})),
        }
        for passage in passages
    ]


def attributes_for(metadata: Mapping[str, Attribute]) -> dict[str, str | float | bool]:
    """Give a document's metadata as OpenAI has it: a list becomes a text with commas.

    >>> attributes_for({"year": 2024, "tags": ("a", "b")})
    {'year': 2024, 'tags': 'a, b'}
    """
    return {
        name: ", ".join(value) if isinstance(value, tuple) else value for name, value in metadata.items()
    }
