"""What replies about documents and about what can search look like."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rag.core.layout import PageSpan
from rag.core.types import Attribute
from rag.db.catalog import StoredChunk, StoredDocument

__all__ = ["DocumentReply", "RetrieverList"]


@dataclass(frozen=True, slots=True)
class DocumentReply:
    """A document as it was read; offsets are code points of `text`.

    `has_file` says that its original is kept, `has_page_images` that its pages can be drawn.
    """

    document_id: str
    version: int
    collection: str
    source: str
    title: str
    text: str
    metadata: Mapping[str, Attribute]
    status: str
    created_at: datetime
    pages: tuple[PageSpan, ...]
    chunks: list[StoredChunk]
    has_file: bool
    has_page_images: bool

    @classmethod
    def of(cls, document: StoredDocument, *, has_file: bool, has_page_images: bool) -> "DocumentReply":
        """Leave out the boxes, which citations carry."""
        return cls(
            document.document_id,
            document.version,
            document.collection,
            document.source,
            document.title,
            document.text,
            document.metadata,
            document.status,
            document.created_at,
            document.layout.pages,
            document.chunks,
            has_file,
            has_page_images,
        )


@dataclass(frozen=True, slots=True)
class RetrieverList:
    """What can search."""

    retrievers: list[str]
