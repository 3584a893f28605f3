"""The reads and writes of one tenant over a memory store: what database tests work on."""

from dataclasses import dataclass

from rag.core.access import Access
from rag.db.catalog import Catalog
from rag.db.publish import EncodedDocument, Published, Publisher
from rag.db.session import Database
from rag.stores.memory import Memory

__all__ = ["Library"]


@dataclass(frozen=True, slots=True)
class Library:
    """One tenant's reads and writes over a memory store."""

    database: Database
    store: Memory
    publisher: Publisher
    catalog: Catalog

    @classmethod
    def of(cls, database: Database, store: Memory, tenant: str = "default") -> "Library":
        publisher = Publisher(database, store, Access(tenant))
        publisher.create_collection("c", encoder="e")
        return cls(database, store, publisher, Catalog(database, Access(tenant)))

    def put(self, *documents: EncodedDocument, encoder: str = "e") -> list[Published]:
        with self.database.write() as session:
            return self.publisher.publish(session, "c", documents, encoder=encoder)

    def findable(self) -> list[str]:
        """Give the ids of all chunks that a search may see, asking the store itself."""
        rows = []
        with self.database.read() as session:
            for segment in self.catalog.snapshot("c").segments:
                rows += [row.chunk_id for row in self.store.rows(segment, session=session)]
        return sorted(rows)
