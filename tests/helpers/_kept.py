"""A store with the transactions that it takes part in: what the laws of stores speak to."""

from rag.compose import Grove
from rag.core.filters import parse_filter
from rag.core.protocols import Store
from rag.core.queries import TextQuery, TokenQuery, VectorQuery
from rag.core.types import Row, Segment, Vector

__all__ = ["Kept"]


class Kept:
    """A store with the transactions that it takes part in."""

    def __init__(self, grove: Grove) -> None:
        self.grove = grove
        self.store: Store = grove.store

    def stage(self, rows: list[Row]) -> Segment:
        with self.grove.database.write() as session:
            return self.store.stage(rows, session=session)

    def rows(self, segment: Segment) -> list[Row]:
        with self.grove.database.read() as session:
            return list(self.store.rows(segment, session=session))

    def drop(self, ids: list[str] | None, keep: list[str]) -> list[str]:
        with self.grove.database.write() as session:
            return self.store.drop(ids, keep=keep, session=session)

    def nearest(
        self, vector: Vector, segments: list[Segment], *, k: int = 10, where: object = None
    ) -> list[str]:
        hits = self.store.search(VectorQuery(vector), segments, filter=parse_filter(where), k=k)
        return [hit.chunk_id for hit in hits]

    def tokens(
        self, vectors: Vector, segments: list[Segment], *, k: int = 10, where: object = None
    ) -> list[str]:
        hits = self.store.search(TokenQuery(vectors), segments, filter=parse_filter(where), k=k)
        return [hit.chunk_id for hit in hits]

    def words(self, text: str, segments: list[Segment], *, k: int = 10, where: object = None) -> list[str]:
        hits = self.store.search(TextQuery(text), segments, filter=parse_filter(where), k=k)
        return [hit.chunk_id for hit in hits]
