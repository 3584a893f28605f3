"""Token vectors of real text, and a hundred thousand chunks made of them.

Real chunks are pieces of 62 tokens of the example documents, encoded one by one, the vector of the whole
first. A made chunk is runs of real tokens from a stretch of text, with noise, and normed; its vector of the
whole is that of the runs' states, as the head makes it. benchmarks/resampling.py compares made with real.
Queries are sentences of the documents, as they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from indexing.parse import parse_document
from rag.core.registry import Family
from rag.core.types import Vector
from rag.encoders._minilm import Backbone
from rag.networks.late import LateHead

__all__ = ["DIM", "TOKENS", "Base", "Chunks", "Making", "made"]

EXAMPLES = Path(__file__).parents[1] / "examples" / "peps"
DIM = 128
TOKENS = 64  # of a chunk, with [CLS] (where the whole is) and [SEP]
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Base:
    """Real chunks in the order of their documents, and questions."""

    encoder: str
    tokens: Vector  # (P, TOKENS, DIM), the whole first
    states: Vector  # (P, TOKENS, DIM): the wholes' part of each token; their mean, normed, is the whole
    queries: list[Vector]

    @classmethod
    def encode(cls, num_chunks: int, num_queries: int) -> "Base":
        """Encode so many chunks, or all there are."""
        backbone, head = Backbone(), LateHead.shipped()
        paths = sorted(EXAMPLES.iterdir())
        texts = [parse_document(path.read_bytes(), name=path.name).text for path in paths]
        pieces = _pieces(backbone, texts)[:num_chunks]
        tokens = np.empty((len(pieces), TOKENS, DIM), dtype=np.float32)
        states = np.empty_like(tokens)
        for batch, depths, mask in backbone.batches(pieces, 16):
            vectors = backbone.pool(depths[-1], mask)
            with torch.inference_mode():
                chosen = torch.stack([depths[depth][mask] for depth in head.depths], dim=1)
                rows = head.passages(chosen, [TOKENS] * len(batch), vectors)
                tokens[batch] = rows.numpy().reshape(-1, TOKENS, DIM)
                states[batch] = head.whole(depths[-1]).numpy()
        read = backbone.tokenizer.decode_batch([piece[1:-1] for piece in pieces])
        whole = " ".join(texts)[: sum(map(len, read))]  # what was encoded, and little more
        sentences = [each for each in re.split(r"(?<=[.?!])\s+", whole) if 6 <= len(each.split()) <= 16]
        order = np.random.default_rng(0).permutation(len(sentences))[:num_queries]
        encoder = Family("rag.encoders").load("late")()
        queries = encoder.encode_queries([sentences[number] for number in order])
        return cls(str(encoder.fingerprint), tokens, states, queries)


@dataclass(frozen=True, slots=True)
class Making:
    """How chunks are made of real ones."""

    run: int = 8  # neighbouring tokens that stay together
    stretch: int = 16  # real chunks that the runs of one are taken from
    noise: float = 0.3  # norm of what is added to a unit vector


def made(base: Base, count: int, making: Making, rng: np.random.Generator) -> Vector:
    """Make (count, TOKENS, DIM)."""
    num_real, num_runs = len(base.tokens), TOKENS // making.run
    places = rng.integers(0, num_real, size=(count, 1, 1))
    chunks = places + rng.integers(0, making.stretch, size=(count, num_runs, 1)) - making.stretch // 2
    chunks = np.clip(chunks, 0, num_real - 1)
    starts = rng.integers(1, TOKENS - making.run + 1, size=(count, num_runs, 1))
    within = starts + np.arange(making.run)
    tokens: Vector = base.tokens[chunks, within].reshape(count, TOKENS, DIM)
    tokens += (making.noise / DIM**0.5) * rng.standard_normal(tokens.shape, dtype=np.float32)
    tokens[:, 0] = base.states[chunks, within].mean(axis=(1, 2))
    tokens /= np.linalg.norm(tokens, axis=2, keepdims=True)
    return tokens


@dataclass(frozen=True, slots=True)
class Chunks:
    """So many chunks of so many tokens, on disk as 16-bit floats."""

    tokens: NDArray[np.float16]  # (N * TOKENS, DIM), mapped

    @classmethod
    def write(cls, path: Path, base: Base, count: int) -> "Chunks":
        """Make them, the same for the same base."""
        rng = np.random.default_rng(1)
        shape = (count * TOKENS, DIM)
        tokens = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
        for start in range(0, count, _AT_ONCE):
            some = made(base, min(_AT_ONCE, count - start), Making(), rng)
            tokens[start * TOKENS : (start + len(some)) * TOKENS] = some.reshape(-1, DIM)
        tokens.flush()
        return cls(np.load(path, mmap_mode="r"))

    def __len__(self) -> int:
        return len(self.tokens) // TOKENS

    def chunk(self, number: int) -> Vector:
        """Give the tokens of one chunk, (64, 128)."""
        part: Vector = self.tokens[number * TOKENS : (number + 1) * TOKENS].astype(np.float32)
        return part

    def block_bounds(self) -> list[int]:
        """Give where blocks of some thousand chunks begin."""
        return list(range(0, len(self), _AT_ONCE))

    def blocks(self) -> Iterator[Vector]:
        """Give all tokens as 32-bit floats, block by block."""
        for start in self.block_bounds():
            yield self.tokens[start * TOKENS : (start + _AT_ONCE) * TOKENS].astype(np.float32)


def _pieces(backbone: Backbone, texts: list[str]) -> list[list[int]]:
    """Cut texts into the token ids of whole chunks."""
    first, *_, last = backbone.tokenizer.encode("").ids
    size = TOKENS - 2
    pieces = []
    for text in texts:
        ids = backbone.tokenizer.encode(text, add_special_tokens=False).ids
        whole = range(0, len(ids) - size + 1, size)
        pieces += [[first, *ids[start : start + size], last] for start in whole]
    return pieces
