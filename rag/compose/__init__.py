"""Settings -> objects: the one place that knows concrete classes, and those only by their file names.

Everything is built on first use, so that a command pays only for what it needs.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from rag.compose._parts import DEFAULT, RETRIEVERS, Parts
from rag.core.errors import ConflictError, DamagedSegmentError, InvalidInputError, NotFoundError
from rag.core.filters import Filter, parse_filter
from rag.core.kinds import DENSE, LATE, LONG, check_index, parse_kinds
from rag.core.protocols import Retriever, needs_of
from rag.core.timings import Timings
from rag.core.types import SearchResult
from rag.retrieval._attempts import retrieve
from rag.scoring.tools import Tool

if TYPE_CHECKING:
    from rag.retrieval._tool_index import ToolIndex

__all__ = ["DEFAULT", "Grove"]

_MAX_K = 1000
_MAX_QUERY_CHARS = 20_000


class Grove(Parts):
    """One installation: its settings, the parts built from them, and what these do together."""

    def kinds_for(self, retrievers: Sequence[str]) -> tuple[str, ...]:
        """Give the kinds of index of new collections, and those that these retrievers need besides."""
        needed = (kind for name in retrievers for kind in needs_of(self.retriever(name)))
        return parse_kinds({*self.settings.resolved_indexes, *needed})

    def others(self, kinds: Sequence[str]) -> dict[str, str]:
        """Give the fingerprints of these kinds but the dense one."""
        return {kind: _FINGERPRINTS[kind](self) for kind in kinds if kind != DENSE}

    def ensure_collection(self, name: str, *, kinds: Sequence[str] | None = None) -> bool:
        """Make the collection unless it exists; tell whether it was made.

        Args:
            name: of the collection.
            kinds: of index; of a new one by default those of the settings.

        Raises:
            InvalidInputError: not a name.
            ConflictError: it exists, indexed by another encoder, or without the kinds asked for.
        """
        fingerprint = self.encoder.fingerprint
        wanted = kinds or self.settings.resolved_indexes
        is_new = name not in [each.name for each in self.catalog.collections()]
        others = self.others(wanted) if is_new else {}  # the late encoder is not loaded for nothing
        if is_new and self.publisher.create_collection(name, encoder=fingerprint, others=others):
            return True
        self.check_collection(name, kinds=kinds)
        return False

    def check_collection(self, name: str, *, kinds: Sequence[str] | None = None) -> None:
        """Make sure that documents can be put into a collection.

        Raises:
            NotFoundError: no such collection.
            ConflictError: it is indexed by another encoder, or without the kinds asked for.
        """
        indexed = self.catalog.snapshot(name).kinds
        present = {DENSE: self.encoder.fingerprint, **self.others(list(indexed))}
        check_index(name, indexed, present, kinds=kinds)

    def search(
        self,
        text: str,
        *,
        collection: str = DEFAULT,
        retriever: str = DEFAULT,
        k: int = 10,
        filter: object = None,
    ) -> SearchResult:
        """Find the k best passages of a collection.

        Args:
            text: what to look for.
            collection: where to look.
            retriever: how to look.
            k: how many passages at most.
            filter: decoded JSON of the filter language (rag/core/filters.py), or None.

        Raises:
            InvalidInputError: a blank text, a k out of range, a wrong filter or an unknown retriever.
            NotFoundError: no such collection.
            DamagedSegmentError: the collection's index must be rebuilt.
        """
        if not text.strip() or len(text) > _MAX_QUERY_CHARS:
            raise InvalidInputError(
                f"a query has 1 to {_MAX_QUERY_CHARS} characters, got {len(text.strip())}"
            )
        if not 1 <= k <= _MAX_K:
            raise InvalidInputError(f"k is 1 to {_MAX_K}, got {k}")
        timings = Timings()
        with timings.stage("total"):
            condition, way = parse_filter(filter), self.retriever(retriever)
            hits = retrieve(self.catalog, way, text, collection, condition=condition, timings=timings, k=k)
            with timings.stage("passages"):
                passages = self.catalog.passages(hits)
        return SearchResult(passages, timings.as_dict(), timings.counts)

    def check_search(
        self, *, collection: str, retriever: str, filter: object
    ) -> tuple[Retriever, Filter | None]:
        """Check all of a search but its words, and give the retriever and the filter.

        Raises:
            InvalidInputError: a wrong filter or an unknown retriever.
            NotFoundError: no such collection.
        """
        condition = parse_filter(filter)
        self.catalog.snapshot(collection)
        return self.retriever(retriever), condition

    def tool_index(self, tools: Sequence[Tool]) -> "ToolIndex":
        """Encode tools, to find the few that a request needs; no collection is read."""
        index: ToolIndex = RETRIEVERS.helper("_tool_index").ToolIndex.aligned(tools, self.encoder)
        return index

    def warm_up(self) -> None:
        """Load what the first question would otherwise wait for, the default collection's index too."""
        self.publisher.sweep()
        self.encoder.encode(["warm up"])
        if LATE in self.settings.resolved_indexes:
            self.late_encoder.encode_queries(["warm up"])
        self.support.warm_up()
        # Without a collection there is nothing to load, and what is wrong with it is said to who asks it.
        with suppress(NotFoundError, ConflictError, DamagedSegmentError):
            self.search("warm up")


_FINGERPRINTS: Mapping[str, Callable[[Grove], str]] = {
    LATE: lambda grove: grove.late_encoder.fingerprint,
    LONG: lambda grove: f"{grove.long_encoder.fingerprint}/{grove.settings.ingestion.long_unit}",
}
