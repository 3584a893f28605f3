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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    """What is asked, and the characters that answer it, counted through all documents."""

    text: str
    wanted: NDArray[np.int64]


def run(*, quick: bool) -> dict[str, Any]:
    """Measure all chunkers; `quick` those of the default size only."""
    encoder = Minilm()
    corpus = _rows("corpus.jsonl.gz")
    documents = [Text().load(row["text"].encode(), name=row["id"]) for row in corpus]
    offsets = [0, *accumulate(len(document.text) for document in documents)]
    place = {row["id"]: offset for row, offset in zip(corpus, offsets[:-1], strict=True)}
    questions = [_question(row, place[row["corpus_id"]]) for row in _rows("queries.jsonl")]
    asked = encoder.encode([question.text for question in questions])
    chunkers: dict[str, Chunker] = {"whole": Whole()}
    for size in (200,) if quick else SIZES:
        chunkers[f"windows of {size}"] = Windows(encoder, size, size)
        chunkers[f"structure, {size}"] = Structure(encoder.token_starts, max_tokens=size)
    chunkers["windows of 200, half overlapping"] = Windows(encoder, 200, 100)
    rows = []
    for name, chunker in chunkers.items():
        index = _Index(encoder, documents, offsets, chunker)
        for ranking, found in index.rank(questions, asked).items():
            rows.append({"chunker": name, "chunks": len(index.chunks), "ranking": ranking})
            for part, some in (("chosen", slice(0, None, 2)), ("held_out", slice(1, None, 2))):
                rows[-1][part] = {
                    "k5": _mean(questions[some], (index.best(each, 5) for each in found[some])),
                    "budget": _mean(questions[some], (index.within(each, BUDGET) for each in found[some])),
                }
    return {
        "machine": machine(),
        "settings": {"questions": len(questions), "budget_word_pieces": BUDGET},
        "rows": rows,
    }


class _Index:
    """The chunks of all documents together, and what of them is read."""

    def __init__(
        self,
        encoder: Minilm,
        documents: Sequence[ParsedDocument],
        offsets: Sequence[int],
        chunker: Chunker,
    ) -> None:
        self._starts = [
            offset + start
            for document, offset in zip(documents, offsets, strict=False)
            for start in encoder.token_starts(document.text)
        ]
        self._num_characters = offsets[-1]
        self._texts: list[str] = []
        self.chunks: list[tuple[int, int]] = []
        for document, offset in zip(documents, offsets, strict=False):
            for chunk in chunker.chunk(document):
                self.chunks.append((offset + chunk.start, offset + chunk.end))
                self._texts.append("\n".join((*chunk.heading, chunk.text)))
        self._vectors = encoder.encode(self._texts)

    def rank(self, questions: Sequence[Question], asked: Any) -> dict[str, list[list[int]]]:
        dense = [list(map(int, np.argsort(-row, kind="stable")[:100])) for row in asked @ self._vectors.T]
        words = lexical(self._texts, [question.text for question in questions])
        return {"dense": dense, "hybrid": [fused(pair) for pair in zip(words, dense, strict=True)]}

    def best(self, ranking: Sequence[int], k: int) -> NDArray[np.bool_]:
        """Mark the characters of the first k chunks."""
        return self._marked([self.chunks[row] for row in ranking[:k]])

    def within(self, ranking: Sequence[int], budget: int) -> NDArray[np.bool_]:
        """Mark chunk after chunk; what overlaps is paid for twice, as in a prompt."""
        read = []
        for row in ranking:
            start, end = self.chunks[row]
            first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
            if last - first > budget:
                read.append((start, self._starts[first + budget]))
                break
            read.append((start, end))
            budget -= last - first
        return self._marked(read)

    def _marked(self, spans: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
        marks = np.zeros(self._num_characters, dtype=np.bool_)
        for start, end in spans:
            marks[start:end] = True
        return marks


def _mean(questions: Sequence[Question], read: Iterable[NDArray[np.bool_]]) -> dict[str, float]:
    rows = []
    for question, marks in zip(questions, read, strict=True):
        shared, num_read = int(marks[question.wanted].sum()), int(marks.sum())
        num_wanted = len(question.wanted)
        rows.append(
            (shared / num_wanted, shared / max(1, num_read), shared / (num_wanted + num_read - shared))
        )
    means = np.mean(rows, axis=0)
    return {
        name: round(float(mean), 3)
        for name, mean in zip(("recall", "precision", "iou"), means, strict=True)
    }


def _question(row: dict[str, Any], offset: int) -> Question:
    spans = [(each["start_index"], each["end_index"]) for each in row["references"]]
    wanted = {offset + place for start, end in spans for place in range(start, end)}
    return Question(row["text"], np.array(sorted(wanted), dtype=np.int64))


def _rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return [json.loads(line) for line in lines]
