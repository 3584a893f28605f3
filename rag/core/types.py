"""The values that travel between layers: frozen, without behaviour that needs I/O.

Offsets are Unicode code points of the stored document text, half-open. Pages count from 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rag.core.layout import Box, Layout

__all__ = [
    "Answer",
    "AnswerSpan",
    "Attribute",
    "Block",
    "Chunk",
    "Citation",
    "Closest",
    "Codebook",
    "Doubt",
    "Hit",
    "Missing",
    "ParsedDocument",
    "Passage",
    "Row",
    "SearchResult",
    "Section",
    "Segment",
    "Sentence",
    "Snapshot",
    "TokenCodes",
    "Usage",
    "Vector",
    "attributes_of",
]

Vector = NDArray[np.float32]
Attribute = str | int | float | bool | tuple[str, ...]
"""A metadata value that filters can compare; a tuple matches when any element does."""


def attributes_of(stored: Mapping[str, Any]) -> dict[str, Attribute]:  # Any: decoded JSON
    """Read attributes back: lists were tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}


BlockKind = Literal["heading", "paragraph", "list", "table", "code"]


@dataclass(frozen=True, slots=True)
class Block:
    """One structural unit of a document's text: what a chunker must not tear apart needlessly."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0  # of a heading: 1 is the highest; 0 otherwise


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as its loader read it: text, structure, and where on the pages the text stands."""

    text: str
    title: str
    layout: Layout = Layout()
    blocks: tuple[Block, ...] = ()  # ascending, disjoint; text between blocks is white space
    metadata: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit that is indexed. Law: `document.text[start:end] == text`."""

    start: int
    end: int
    text: str
    heading: tuple[str, ...] = ()  # path of headings above it, outermost first; encoder context only


@dataclass(frozen=True, slots=True, eq=False)
class Codebook:
    """How token vectors are compressed: a centroid, and bytes for what it misses."""

    rotation: Vector  # (D, D) orthogonal: into the space of the centroids
    centroids: NDArray[np.float16]  # (K, D), turned
    widths: NDArray[np.int64]  # (B,) how many dimensions each byte stands for, all or the first ones
    tables: NDArray[np.float16]  # (256, D): of each dimension what the values of its byte stand for
    gains: NDArray[np.float16]  # (L,), a power of two: what a token's bytes are multiplied by, ascending
    missed: float  # mean squared distance of what it was learnt from to the nearest centroid


@dataclass(frozen=True, slots=True, eq=False)
class TokenCodes:
    """A chunk's token vectors as a store has compressed them; rag/scoring/residual.py decodes them."""

    codebook: Codebook
    codes: NDArray[np.uint8]  # (T, bytes of a code), of the tokens after the whole
    whole: NDArray[np.int8] | None = (
        None  # (D,) the first vector, a byte a dimension (rag/scoring/whole.py)
    )

    def __len__(self) -> int:
        return len(self.codes) + (self.whole is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A stretch of a document with a vector of its own, which the rows inside it share."""

    number: int  # within its version
    vector: Vector  # (D,) float32, unit norm


@dataclass(frozen=True, slots=True)
class Row:
    """What a store keeps of one chunk."""

    chunk_id: str
    version_id: str  # the document version it belongs to; deletes name these
    text: str  # what the text index sees: title, headings and chunk text
    vector: Vector  # (D,) float32, unit norm
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    tokens: Vector | TokenCodes | None = None  # (T, D) of unit rows, or as a store keeps them; T > 0
    section: Section | None = None  # all rows of a section are in one segment, one after the other
    has_whole: bool = False  # the first of the tokens is of the whole text: codes keep it nearly exactly


@dataclass(frozen=True, slots=True)
class Segment:
    """An immutable set of rows in a store, named by the database once it is published."""

    segment_id: str
    num_rows: int
    dead: frozenset[str] = frozenset()  # version ids whose rows must not be found


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a search may see: the segments of one collection's serving index at one instant."""

    tenant: str
    collection: str
    generation: int  # grows with every commit that changes what can be found
    encoder: str  # fingerprint of the encoder that made the vectors
    segments: tuple[Segment, ...]
    others: Mapping[str, str] = field(default_factory=dict)  # further kinds of index -> their fingerprints

    @property
    def kinds(self) -> dict[str, str]:
        """Give every kind of index with the fingerprint of its encoder."""
        return {"dense": self.encoder, **self.others}


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a search found; a higher score is better."""

    chunk_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A hit with its text and where it comes from: what is shown and what enters a prompt."""

    chunk_id: str
    document_id: str
    version: int
    source: str
    title: str
    page: int | None
    start: int
    end: int
    score: float
    text: str
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """How sure a generator was of the sentence that just ended."""

    uncertainty: float  # 1 less the least probability of a token that carries content
    score: float  # MLAG: that, weighed by how much of the rest rests on the token
    words: tuple[str, ...]  # what the most doubtful token has to do with: to search for


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, best first, how long each stage took in milliseconds, and what was counted."""

    passages: list[Passage]
    timings: Mapping[str, float]
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """A span of a passage that may answer a question."""

    passage: int  # index of the passage among those that were read
    start: int  # offsets into the passage's text
    end: int
    score: float  # logit of the span less that of no answer; comparable across passages


@dataclass(frozen=True, slots=True)
class Citation:
    """A span of the answer tied to the span of a document that supports it."""

    answer_start: int
    answer_end: int
    document_id: str
    version: int
    chunk_id: str
    source: str
    title: str
    page: int | None
    boxes: tuple[Box, ...]
    start: int
    end: int
    quote: str  # law: the document version's text[start:end]
    score: float  # raw, of the support check
    relevance: float  # calibrated probability, 0 to 1, that the quote supports the sentence


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer and whether the passages support it."""

    start: int
    end: int
    supported: bool
    relevance: float


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a generator read and wrote, and what it had to hold for them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    passes: int = 0  # of the model that gave the completion; fewer than tokens where several came at once
    cache_bytes: int = 0  # of keys and values at the end; 0 where the generator does not say
    reused_tokens: int = 0  # of the prompt, known from earlier ones and not read again


@dataclass(frozen=True, slots=True)
class Closest:
    """The sentence of a document that comes closest to an answer that was refused; it supports nothing."""

    document_id: str
    version: int
    chunk_id: str
    source: str
    title: str
    page: int | None
    boxes: tuple[Box, ...]
    start: int
    end: int
    quote: str  # law: the document version's text[start:end]


@dataclass(frozen=True, slots=True)
class Missing:
    """What a refusal rests on: where was looked, and which words of the question nothing there holds."""

    searched: str  # what was searched for
    num_passages: int  # that were found and read
    terms: tuple[str, ...]  # as the question writes them, in its order
    closest: Closest | None = None  # where a sentence of them comes near


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a question: its text, and for every sentence what it rests on."""

    answer: str
    short_answer: str | None
    refused: bool
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    run_id: str
    timings: Mapping[str, float]  # stage -> milliseconds
    usage: Usage = Usage()
    missing: Missing | None = None  # of a refusal
