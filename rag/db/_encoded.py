"""A document with its chunks and vectors, and the rows that the database and the store keep of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.core.types import Attribute, Chunk, ParsedDocument, Row, Section, Vector
from rag.db._layout import encode_layout

__all__ = ["EncodedDocument", "Published"]


@dataclass(frozen=True, slots=True)
class EncodedDocument:
    """A document ready to be published."""

    source: str
    content_hash: str
    pipeline_version: str
    document: ParsedDocument
    chunks: Sequence[Chunk]
    vectors: Vector  # (N, D), a row a chunk
    tokens: Sequence[Vector] | None = None  # of each chunk (T, E), with the kind `late`
    sections: Sequence[Section] | None = None  # that each chunk is in, with the kind `long`
    has_whole: bool = False  # the first of a chunk's tokens is of its whole text
    stamp: str | None = None  # what the source said of the bytes

    def attributes(self) -> dict[str, Attribute]:
        """Give what filters can compare: the metadata, and the source."""
        return {**self.document.metadata, "source": self.source}

    def version_row(self) -> dict[str, object]:
        """Give the version's fields but those that say which version it is."""
        return {
            "content_hash": self.content_hash,
            "pipeline_version": self.pipeline_version,
            "title": self.document.title,
            "text": self.document.text,
            "layout": encode_layout(self.document.layout),
            "attributes": self.attributes(),
            "num_chunks": len(self.chunks),
            "stamp": self.stamp,
        }

    def chunk_rows(self, version_id: str) -> list[dict[str, object]]:
        """Give the rows of the database's table."""
        return [
            {
                "id": f"{version_id}.{ordinal}",
                "version_id": version_id,
                "ordinal": ordinal,
                "start": chunk.start,
                "end": chunk.end,
                "page": self.document.layout.page_at(chunk.start),
                "heading": list(chunk.heading),
                "text": chunk.text,
            }
            for ordinal, chunk in enumerate(self.chunks)
        ]

    def store_rows(self, version_id: str) -> list[Row]:
        """Give the rows of the store: title and headings are searched with the text."""
        attributes = self.attributes()
        return [
            Row(
                f"{version_id}.{ordinal}",
                version_id,
                "\n".join((self.document.title, *chunk.heading, chunk.text)),
                vector,
                attributes,
                None if self.tokens is None else self.tokens[ordinal],
                None if self.sections is None else self.sections[ordinal],
                self.has_whole,
            )
            for ordinal, (chunk, vector) in enumerate(zip(self.chunks, self.vectors, strict=True))
        ]


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one document of a batch."""

    source: str
    document_id: str
    num_chunks: int
    is_new: bool  # false: the same bytes were there already
