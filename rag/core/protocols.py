"""The seams of Grove: what each family of parts promises.

A part's constructor takes finished parts and does no I/O; what is heavy is loaded on first use.
Capabilities are data. The laws in tests/laws run on every implementation.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rag.core.filters import Filter
from rag.core.generation import Condition, Delta, GenerationOptions, GeneratorCapabilities, Message, Prompt
from rag.core.queries import Query
from rag.core.timings import Timings
from rag.core.types import (
    AnswerSpan,
    Chunk,
    Hit,
    ParsedDocument,
    Passage,
    Row,
    Segment,
    Snapshot,
    Vector,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "Chunker",
    "Condition",
    "Delta",
    "Encoder",
    "GenerationOptions",
    "Generator",
    "GeneratorCapabilities",
    "LateEncoder",
    "Loader",
    "LongEncoder",
    "Message",
    "PortableTokens",
    "Prompt",
    "QueryEncoder",
    "Reader",
    "Retriever",
    "Scorer",
    "SearchRequest",
    "Store",
    "StoreCapabilities",
    "needs_of",
]


class Loader(Protocol):
    """Bytes of one family of formats -> text with structure and layout."""

    suffixes: tuple[str, ...]  # lower case, with the dot

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Read a document.

        Raises:
            UnreadableDocumentError: the bytes are not what the name says, or hold no text.
        """
        ...


class Chunker(Protocol):
    """A parsed document -> the units that are indexed."""

    def chunk(self, document: ParsedDocument) -> list[Chunk]:
        """Cut the document; ascending starts; empty text gives an empty list."""
        ...


class Encoder(Protocol):
    """Text -> one vector."""

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind: two encoders with equal fingerprints give equal vectors."""
        ...

    @property
    def dim(self) -> int:
        """Give the length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """Give the number of tokens beyond which text is cut off, special tokens excluded."""
        ...

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm, in the order of the texts; (0, D) for none."""
        ...

    def token_starts(self, text: str) -> list[int]:
        """Give the character at which each token of the whole text starts, ascending, uncut."""
        ...


@runtime_checkable
class PortableTokens(Protocol):
    """What an encoder has besides whose tokens another process can count without its network."""

    @property
    def portable_token_starts(self) -> Callable[[str], list[int]] | None:
        """Give `Encoder.token_starts` as an object that is small when it is pickled; none if it is not."""
        ...


@runtime_checkable
class QueryEncoder(Protocol):
    """What an encoder has besides that reads questions otherwise than passages."""

    def encode_queries(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm; `Encoder.encode` gives what these compare with."""
        ...


class LateEncoder(Protocol):
    """Text -> one vector a token, for late interaction (MaxSim)."""

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind."""
        ...

    @property
    def dim(self) -> int:
        """Give the length of a token's vector."""
        ...

    @property
    def backbone(self) -> str | None:
        """Name the encoder, its fingerprint, whose vectors `encode_both` gives; none if there is none."""
        ...

    @property
    def has_whole(self) -> bool:
        """Say whether each text's first row is of the whole text, and weighs most in a query."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> list[Vector]:
        """Give for each text (T, D) float32; a row of a norm other than 1 weighs more, or less."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> list[Vector]:
        """Give for each text (T, D) float32 of unit rows; an empty text still has one row."""
        ...

    def encode_both(self, texts: Sequence[str]) -> tuple[Vector, list[Vector]]:
        """Give the backbone's vectors (N, D) and the passages' token vectors, from one pass."""
        ...


class LongEncoder(Encoder, Protocol):
    """Long text -> one vector."""

    @property
    def backbone(self) -> str | None:
        """Name the encoder, its fingerprint, whose vectors these compare with; none if there is none."""
        ...

    def encode_parts(self, text: str, spans: Sequence[tuple[int, int]]) -> Vector:
        """Give (P, D) float32 of unit norm: each span of characters, read in the whole text's light."""
        ...


@dataclass(frozen=True, slots=True)
class StoreCapabilities:
    """What a store can do, as data."""

    is_exact: bool  # vector search finds the true nearest rows
    is_transactional: bool  # stage and drop take part in the caller's database session
    is_durable: bool  # what was staged outlives the process


class Store(Protocol):
    """Rows of vectors and words in immutable segments. The SQL layer alone publishes a segment."""

    @property
    def capabilities(self) -> StoreCapabilities:
        """Say what this store can do."""
        ...

    def stage(self, rows: Iterable[Row], *, session: "Session") -> Segment:
        """Write a new segment, durable when this returns (transactional stores: when committed)."""
        ...

    def search(
        self, query: Query, segments: Sequence[Segment], *, filter: Filter | None, k: int
    ) -> list[Hit]:
        """Give at most k hits, best first, ties by chunk id, of live rows that pass the filter.

        Raises:
            SegmentGoneError: one of the segments is no longer there.
        """
        ...

    def rows(self, segment: Segment, *, session: "Session") -> Iterator[Row]:
        """Give back the live rows of a segment, for compaction and export."""
        ...

    def vectors(self, chunk_ids: Sequence[str], segments: Sequence[Segment]) -> Vector:
        """Give (N, D) float32, the vectors of chunks that a search of these segments found.

        Raises:
            SegmentGoneError: a segment was dropped, or a chunk is in none of them.
        """
        ...

    def drop(
        self, segment_ids: Sequence[str] | None, *, keep: Sequence[str], session: "Session"
    ) -> list[str]:
        """Remove these segments (None: all there are) but for those to keep; give what was removed."""
        ...


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search: the words, what may be seen, and the clock that its stages report to."""

    text: str
    snapshot: Snapshot
    filter: Filter | None = None
    timings: Timings = field(default_factory=Timings)


class Retriever(Protocol):
    """A request -> hits. Combinators are retrievers too.

    One that searches more than vectors and words says in `needs` which kinds of index it takes.
    """

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k distinct hits, best first."""
        ...


def needs_of(retriever: Retriever) -> tuple[str, ...]:
    """Give the kinds of index that a collection must have for a retriever."""
    return tuple(getattr(retriever, "needs", ()))


class Reader(Protocol):
    """A question and passages -> where the answer may stand."""

    def read(self, question: str, passages: Sequence[Passage]) -> list[AnswerSpan]:
        """Give spans that do not overlap, a few a passage, best first; none where it cannot read."""
        ...


class Scorer(Protocol):
    """A question and passages -> how well each passage answers it."""

    def scores(self, query: str, passages: Sequence[str]) -> Vector:
        """Give (N,) float32; only their order means something."""
        ...


class Generator(Protocol):
    """A prompt -> a stream of text."""

    @property
    def capabilities(self) -> GeneratorCapabilities:
        """Say what this generator can do."""
        ...

    def count_tokens(self, text: str) -> int:
        """Give the number of tokens, exactly or as an upper estimate."""
        ...

    def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        """Generate; closing the iterator stops the work.

        Raises:
            GenerationError: the model failed or the time limit passed.
        """
        ...
