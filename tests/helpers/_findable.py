"""What can be found in collection `c`, to be compared with that of another installation."""

import os

from indexing.compaction import compact
from rag.compose import Grove

__all__ = ["TOPICS", "content", "named_and_present"]

TOPICS = ("anchor", "bridge", "candle", "dragon", "engine", "forest")
_QUERIES = (*TOPICS, "anchor bridge seven", "the number of the forest")


def content(grove: Grove, *, digits: int = 5) -> object:
    """Give all that a user can see, without the identifiers, which are random.

    All segments are merged first: scores of words count dead rows and a segment's own mean length, and how
    rows are cut into segments depends on when a worker died.
    """
    compact(grove, "c")
    documents = [
        (summary.source, summary.status, summary.version, summary.chunks, summary.error)
        for summary in grove.catalog.documents("c", limit=1000)
    ]
    found = {
        (retriever, query): sorted(
            (passage.source, passage.start, passage.end, round(passage.score, digits), passage.text)
            for passage in grove.search(query, collection="c", retriever=retriever, k=1000).passages
        )
        for retriever in ("lexical", "dense")
        for query in _QUERIES
    }
    return documents, found


def named_and_present(grove: Grove) -> tuple[set[str], set[str]]:
    """Give the segments that the database names and those on disk, after a sweep an hour later."""
    named = {load.segment.segment_id for load in grove.publisher.loads("c")}
    directory = grove.settings.home_dir / "segments"
    if grove.store.capabilities.is_transactional:
        return named, named | set(grove.publisher.sweep())
    for path in directory.iterdir():
        os.utime(path, (0, 0))
    grove.publisher.sweep()
    return named, {path.name for path in directory.iterdir()}
