"""One file -> a document that is ready to be published: read, parse, chunk, encode.

Knows nothing of jobs and of the database.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from indexing.addresses import Sources, is_address
from indexing.contexts import Contexts
from indexing.embed import Embedder
from indexing.files import content_of
from indexing.parse import Read, read_uncut
from rag.compose import Grove
from rag.core.errors import UnreadableDocumentError
from rag.core.kinds import DENSE, LONG
from rag.core.protocols import Chunker, PortableTokens
from rag.core.registry import Family
from rag.core.types import Chunk, ParsedDocument
from rag.db.jobs import JobFile
from rag.db.publish import EncodedDocument

__all__ = ["FetchedFile", "Pipeline", "ReadDocument", "as_read", "portable_chunker"]

_VERSION = "8"  # raised when parsing, chunking or `analyze` changes: what was ingested before is read anew
_CHUNKERS = Family("indexing.chunkers")
_ENCODE_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document cut into chunks, before it is encoded."""

    source: str
    content_hash: str
    document: ParsedDocument
    chunks: list[Chunk]
    stamp: str | None = None  # what the source said of the bytes


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """The bytes of a file of a job."""

    content: bytes
    content_hash: str  # SHA-256, hex
    name: str  # whose suffix says what they are


def portable_chunker(grove: Grove) -> Chunker | None:
    """Give the chunker for another process; none where it would take the encoder along."""
    encoder = grove.encoder
    token_starts = encoder.portable_token_starts if isinstance(encoder, PortableTokens) else None
    if token_starts is None:
        return None
    chunker: Chunker = grove.build(_CHUNKERS, grove.settings.chunker, token_starts=token_starts)
    return chunker


def as_read(document: EncodedDocument) -> ReadDocument:
    """Give a document as it was before it was encoded."""
    return ReadDocument(
        document.source, document.content_hash, document.document, list(document.chunks), document.stamp
    )


class Pipeline:
    """The steps of a document, with the parts that the settings name."""

    def __init__(
        self,
        embedder: Embedder,
        chunker: Chunker,
        read: Read,
        *,
        contexts: Contexts,
        sources: Sources,
        version: str,
        max_file_bytes: int,
    ) -> None:
        self._embedder = embedder
        self._read = read
        self._chunker = chunker
        self._contexts = contexts
        self._sources = sources
        self._max_file_bytes = max_file_bytes
        self.version = version

    @classmethod
    def from_grove(cls, grove: Grove, *, read: Read = read_uncut) -> "Pipeline":
        """Build the parts; files of others are best read by `Reader.read`."""
        part = grove.settings.chunker
        chunker: Chunker = grove.build(_CHUNKERS, part, token_starts=grove.encoder.token_starts)
        version = (
            f"{_VERSION}/{part.kind}{json.dumps(part.options, sort_keys=True)}/{grove.encoder.fingerprint}"
        )
        return cls(
            Embedder.from_grove(grove),
            chunker,
            read,
            contexts=Contexts(grove.encoder.token_starts, grove.encoder.max_tokens),
            sources=Sources(grove.settings.sources),
            version=version,
            max_file_bytes=grove.settings.ingestion.max_file_bytes,
        )

    def fetch(self, file: JobFile) -> FetchedFile:
        """Get a file's bytes, from wherever it is.

        Raises:
            UnreadableDocumentError: it cannot be read, is empty or too large.
        """
        if is_address(file.path):
            fetched = self._sources.fetch(file.path, max_bytes=self._max_file_bytes)
            content, name = fetched.content, fetched.name
        else:
            content, name = content_of(Path(file.path), max_bytes=self._max_file_bytes), ""
        return FetchedFile(content, hashlib.sha256(content).hexdigest(), name or Path(file.source).name)

    def content(self, file: JobFile) -> tuple[bytes, str]:
        """Get a file's bytes and their hash, as `fetch` does."""
        fetched = self.fetch(file)
        return fetched.content, fetched.content_hash

    def read(self, file: JobFile, content: bytes, content_hash: str, *, name: str = "") -> ReadDocument:
        """Parse and cut a file; its name, by default that of its source, says what it is.

        Raises:
            InvalidInputError: no loader takes it, it is broken, or it holds no text.
        """
        document, chunks = self._read(content, name=name or Path(file.source).name)
        return replace(self.cut(file.source, content_hash, document, chunks), stamp=file.stamp)

    def cut(
        self, source: str, content_hash: str, document: ParsedDocument, chunks: list[Chunk] | None = None
    ) -> ReadDocument:
        """Cut a parsed document into chunks, unless it was cut where it was read.

        Raises:
            UnreadableDocumentError: it holds no text.
        """
        if chunks is None:
            chunks = self._chunker.chunk(document)
        if not chunks:
            raise UnreadableDocumentError("the document holds no text")
        return ReadDocument(source, content_hash, document, chunks)

    def encoder_texts(self, document: ReadDocument) -> list[str]:
        """Give what the encoder sees of each chunk."""
        return self._contexts.texts(document.document.title, document.chunks)

    def encode(
        self,
        documents: Sequence[ReadDocument],
        *,
        kinds: Sequence[str] = (DENSE,),
        on_chunks: Callable[[int], None],
    ) -> list[EncodedDocument]:
        """Encode the chunks of several documents together; tells how many were encoded as it goes.

        Args:
            documents: any number.
            kinds: of the index that they go to.
            on_chunks: is told how many more chunks are encoded.
        """
        if not documents:
            return []
        texts = [text for document in documents for text in self.encoder_texts(document)]
        embedded = self._embedder.embed_all(texts, kinds, at_once=_ENCODE_AT_ONCE, on_texts=on_chunks)
        encoded = []
        start = 0
        for each in documents:
            end = start + len(each.chunks)
            encoded.append(
                EncodedDocument(
                    each.source,
                    each.content_hash,
                    self.version,
                    each.document,
                    each.chunks,
                    embedded.vectors[start:end],
                    None if embedded.tokens is None else embedded.tokens[start:end],
                    self._embedder.embed_sections(each.chunks) if LONG in kinds else None,
                    embedded.has_whole,
                    each.stamp,
                )
            )
            start = end
        return encoded
