"""What a reader of the catalog is given: values, no rows of the database."""

from dataclasses import dataclass
from datetime import datetime

from rag.core.layout import Layout
from rag.core.types import Attribute

__all__ = [
    "CollectionSummary",
    "DocumentSummary",
    "StoredChunk",
    "StoredDocument",
    "StoredText",
]


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """A collection, how much it holds and its kinds of index."""

    name: str
    documents: int
    chunks: int
    generation: int
    created_at: datetime
    index: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document of a collection, or a file that is not, or could not be, taken in."""

    document_id: str | None
    source: str
    title: str
    status: str  # ready, or as the file of a job: queued, running, failed
    version: int | None
    chunks: int
    error: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """Where a chunk stands in its document."""

    chunk_id: str
    start: int
    end: int
    page: int | None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document version as it was read."""

    document_id: str
    version: int
    collection: str
    source: str
    title: str
    text: str
    layout: Layout
    metadata: dict[str, Attribute]
    chunks: list[StoredChunk]
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredName:
    """What a document goes by, and its metadata, without its text."""

    document_id: str
    source: str
    title: str
    metadata: dict[str, Attribute]


@dataclass(frozen=True, slots=True)
class StoredText:
    """A document version's text and metadata, without what places it on pages."""

    document_id: str
    version: int
    source: str
    title: str
    text: str
    metadata: dict[str, Attribute]
