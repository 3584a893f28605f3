"""The first of several retrievers that a collection's index allows."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.core.errors import ConflictError
from rag.core.protocols import Retriever, SearchRequest, needs_of
from rag.core.types import Hit

__all__ = ["First"]


@dataclass(frozen=True, slots=True)
class First:
    """Ask the first retriever whose kinds of index the collection has."""

    retrievers: Sequence[Retriever]

    def __post_init__(self) -> None:
        if not self.retrievers:
            raise ValueError("retrievers names at least one")

    @property
    def needs(self) -> tuple[str, ...]:
        """Name the kinds of index that the collection must have: what every one of the retrievers needs."""
        first, *others = map(needs_of, self.retrievers)
        return tuple(kind for kind in first if all(kind in needs for needs in others))

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first.

        Raises:
            ConflictError: the collection has the index for none of them.
        """
        has = request.snapshot.kinds
        for retriever in self.retrievers:
            if all(kind in has for kind in needs_of(retriever)):
                return retriever.retrieve(request, k=k)
        raise ConflictError(
            f"collection {request.snapshot.collection!r} has the kinds of index {','.join(has)}, which none"
            " of the retrievers takes; name another, or `rag reindex --index` with a kind that one needs"
        )
