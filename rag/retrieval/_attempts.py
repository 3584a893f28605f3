"""One search of a collection, made again when the collection's segments were replaced under it."""

import shlex

from rag.core.errors import DamagedSegmentError, SegmentGoneError
from rag.core.filters import Filter
from rag.core.protocols import Retriever, SearchRequest
from rag.core.timings import Timings
from rag.core.types import Hit
from rag.db.catalog import Catalog

__all__ = ["retrieve"]


def retrieve(
    catalog: Catalog,
    searcher: Retriever,
    text: str,
    collection: str,
    *,
    condition: Filter | None,
    timings: Timings,
    k: int,
) -> list[Hit]:
    """Search the collection as it is now.

    Raises:
        NotFoundError: no such collection.
        DamagedSegmentError: the collection's index must be rebuilt.
    """
    command = f"rag reindex --collection {shlex.quote(collection)}"
    advice = f"`{command}` writes the index anew from what the database holds"
    former = -1
    while True:
        with timings.stage("snapshot"):
            snapshot = catalog.snapshot(collection)
        try:
            return searcher.retrieve(SearchRequest(text, snapshot, condition, timings), k=k)
        except SegmentGoneError as error:
            if snapshot.generation == former:  # the database still names what was not there before
                raise DamagedSegmentError(
                    f"index files of the collection {collection!r} are missing; {advice}"
                ) from error
            former = snapshot.generation
        except DamagedSegmentError as error:
            raise DamagedSegmentError(f"{error}; {advice}") from error
