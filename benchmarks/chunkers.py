"""Which chunks bring back what an answer needs: the structure chunker beside fixed windows.

On chunking_eval (231 questions with the character spans that answer them), by the measures of its
authors (Smith & Troynikov, Evaluating Chunking Strategies for Retrieval, 2024): of the characters that
were retrieved and those that are wanted, recall, precision and intersection over union. They read the
best five chunks, which favours large ones in recall and small ones in the rest: `k5`. At an equal budget,
chunks are read by rank until BUDGET word pieces are full, the last one in part: `budget`.

The default was chosen on every other question (`chosen`); the others (`held_out`) tell what it is worth.
"""

import gzip
import json
import os
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._machine import machine
from benchmarks.independent_retrieval import fused, lexical
from indexing.chunkers.structure import Structure
from indexing.chunkers.whole import Whole
from indexing.loaders.text import Text
from rag.core.protocols import Chunker
from rag.core.types import Chunk, ParsedDocument
from rag.encoders.minilm import Minilm

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "chunking_eval"
BUDGET = 1000
SIZES = (64, 100, 150, 200, 250)


@dataclass(frozen=True)
class Windows:
    """Every so many word pieces, wherever that is; white space at the ends is left out."""

    encoder: Minilm
    size: int
    step: int

    def chunk(self, document: ParsedDocument) -> list[Chunk]:
        """Give all windows; those that overlap break the law that chunks are disjoint."""
        text = document.text
        starts = [*self.encoder.token_starts(text), len(text)]
        chunks = []
        for first in range(0, len(starts) - 1, self.step):
            start, end = starts[first], starts[min(first + self.size, len(starts) - 1)]
            if text[start:end].strip():
                chunks.append(Chunk(start, end, text[start:end]))
            if first + self.size >= len(starts) - 1:
                break
        return chunks


@dataclass(frozen=True)
class Question:
    """What is asked, and the spans (document, start, end) that answer it."""

    text: str
    wanted: frozenset[tuple[str, int]]  # characters, each named by its document


def run(*, quick: bool) -> dict[str, Any]:
    """Measure all chunkers; `quick` those of the default size only."""
    encoder = Minilm()
    documents = [Text().load(row["text"].encode(), name=row["id"]) for row in _rows("corpus.jsonl.gz")]
    names = [row["id"] for row in _rows("corpus.jsonl.gz")]
    questions = [_question(row) for row in _rows("queries.jsonl")]
    asked = encoder.encode([question.text for question in questions])
    chunkers: dict[str, Chunker] = {"whole": Whole()}
    for size in (200,) if quick else SIZES:
        chunkers[f"windows of {size}"] = Windows(encoder, size, size)
        chunkers[f"windows of {size}, half overlapping"] = Windows(encoder, size, size // 2)
        chunkers[f"structure, {size}"] = Structure(encoder.token_starts, max_tokens=size)
    rows = []
    for name, chunker in chunkers.items():
        index = _Index(encoder, dict(zip(names, documents, strict=True)), chunker)
        for ranking, found in index.rank(questions, asked).items():
            rows.append({"chunker": name, "chunks": len(index.chunks), "ranking": ranking})
            for part, some in (("chosen", slice(0, None, 2)), ("held_out", slice(1, None, 2))):
                rows[-1][part] = {
                    "k5": _mean(questions[some], [index.best(each, 5) for each in found[some]]),
                    "budget": _mean(questions[some], [index.within(each, BUDGET) for each in found[some]]),
                }
    return {
        "machine": machine(),
        "settings": {"questions": len(questions), "budget_word_pieces": BUDGET},
        "rows": rows,
    }


class _Index:
    """The chunks of all documents together, and what of them is read."""

    def __init__(self, encoder: Minilm, documents: dict[str, ParsedDocument], chunker: Chunker) -> None:
        self.chunks = [
            (name, chunk) for name, document in documents.items() for chunk in chunker.chunk(document)
        ]
        self._starts = {name: encoder.token_starts(document.text) for name, document in documents.items()}
        self._texts = ["\n".join((*chunk.heading, chunk.text)) for _, chunk in self.chunks]
        self._vectors = encoder.encode(self._texts)

    def rank(self, questions: Sequence[Question], asked: Any) -> dict[str, list[list[int]]]:
        dense = [list(map(int, np.argsort(-row, kind="stable")[:100])) for row in asked @ self._vectors.T]
        words = lexical(self._texts, [question.text for question in questions])
        return {"dense": dense, "hybrid": [fused(pair) for pair in zip(words, dense, strict=True)]}

    def best(self, ranking: Sequence[int], k: int) -> set[tuple[str, int]]:
        return {place for row in ranking[:k] for place in self._places(row)}

    def within(self, ranking: Sequence[int], budget: int) -> set[tuple[str, int]]:
        """Read chunk after chunk; what overlaps is paid for twice, as a prompt would."""
        read: set[tuple[str, int]] = set()
        for row in ranking:
            name, chunk = self.chunks[row]
            starts = self._starts[name]
            first, last = bisect_left(starts, chunk.start), bisect_left(starts, chunk.end)
            if last - first > budget:
                end = starts[first + budget]
                read.update((name, place) for place in range(chunk.start, end))
                break
            read.update(self._places(row))
            budget -= last - first
        return read

    def _places(self, row: int) -> list[tuple[str, int]]:
        name, chunk = self.chunks[row]
        return [(name, place) for place in range(chunk.start, chunk.end)]


def _mean(questions: Sequence[Question], read: Sequence[set[tuple[str, int]]]) -> dict[str, float]:
    recall, precision, overlap = [], [], []
    for question, places in zip(questions, read, strict=True):
        shared = len(question.wanted & places)
        recall.append(shared / len(question.wanted))
        precision.append(shared / max(1, len(places)))
        overlap.append(shared / len(question.wanted | places))
    return {
        "recall": round(float(np.mean(recall)), 3),
        "precision": round(float(np.mean(precision)), 3),
        "iou": round(float(np.mean(overlap)), 3),
    }


def _question(row: dict[str, Any]) -> Question:
    spans = [(each["start_index"], each["end_index"]) for each in row["references"]]
    return Question(
        row["text"],
        frozenset((row["corpus_id"], place) for start, end in spans for place in range(start, end)),
    )


def _rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return [json.loads(line) for line in lines]
