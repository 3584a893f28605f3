"""The paragraphs of train_multihop as one corpus that can be searched, and its questions.

Encoded and indexed once under `work`. Of the questions a third, by hash, is held out: it trains nothing
and says how good a choice is.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from rag.core.kinds import LATE
from rag.core.protocols import Encoder, Retriever
from rag.core.types import Hit, Passage, Row, Segment, Snapshot
from rag.encoders.late import Late as LateEncoder
from rag.encoders.minilm import Minilm
from rag.retrieval.dense import Dense
from rag.retrieval.hybrid import Hybrid
from rag.retrieval.late import Late
from rag.retrieval.lexical import Lexical
from rag.stores.faiss import Faiss
from rag.training._kept import made_of, whole

__all__ = ["Pool", "Question", "json_rows", "load_pool", "multihop_questions", "passage_of", "pool_of"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the passages it needs (their numbers), and those offered with it that it does not."""

    id: str
    source: str  # musique, hotpotqa or 2wiki
    text: str
    needed: tuple[int, ...]
    others: tuple[int, ...]
    after: tuple[tuple[int, int], ...] | None  # steps as annotated (MuSiQue): passage -> passage
    single: tuple[tuple[str, int], ...]  # questions that one passage answers, and that passage

    @property
    def is_held_out(self) -> bool:
        """Tell whether the question trains nothing."""
        return hashlib.sha256(self.id.encode()).digest()[0] % 3 == 0


@dataclass(frozen=True, slots=True)
class Pool:
    """The corpus as a store has it; a chunk id is a passage's number."""

    passages: list[Passage]
    questions: list[Question]
    store: Faiss
    snapshot: Snapshot
    encoder: Encoder
    late_encoder: LateEncoder

    def find(self, hits: Sequence[Hit]) -> list[Passage]:
        """Give the passages of hits, as Catalog.passages does."""
        return [self.passages[int(hit.chunk_id)] for hit in hits]

    def first_search(self) -> Retriever:
        """Give the pipeline `hybrid+late` over this corpus."""
        ways = (
            Lexical(self.store),
            Dense(self.store, self.encoder),
            Late(self.store, self.late_encoder),
        )
        return Hybrid(ways, fusion="score", weights=(1, 1, 2))

    def dense_search(self) -> Retriever:
        """Give the search by the passages' vectors alone."""
        return Dense(self.store, self.encoder)


def load_pool(data: Path, work: Path) -> Pool:
    """Read the questions, and index their paragraphs unless that was done."""
    return pool_of(*multihop_questions(data), work)


def multihop_questions(data: Path) -> tuple[list[Question], dict[tuple[str, str], int]]:
    """Read train_multihop: its questions, and its paragraphs (title, text) with their numbers."""
    numbers: dict[tuple[str, str], int] = {}
    rows = json_rows(data / "train_multihop" / "train.jsonl.gz")
    return [_question(row, numbers) for row in rows], numbers


def pool_of(questions: list[Question], numbers: Mapping[tuple[str, str], int], work: Path) -> Pool:
    """Give the paragraphs as a corpus, indexed under `work` unless that was done."""
    passages = [passage_of(str(number), title, text) for (title, text), number in numbers.items()]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder, late_encoder = Minilm(batch_size=32), LateEncoder(device=device)
    store = Faiss(work / "segments")
    made = made_of(encoder.fingerprint, late_encoder.fingerprint, list(numbers))
    file = work / f"segment_{made}.json"
    if not file.exists():
        texts = [f"{passage.title}\n{passage.text}" for passage in passages]
        vectors, tokens = late_encoder.encode_both(texts)
        rows = [
            Row(passage.chunk_id, passage.chunk_id, text, vector, tokens=token)
            for passage, text, vector, token in zip(passages, texts, vectors, tokens, strict=True)
        ]
        segment = store.stage(rows, session=cast("Any", None))  # Any: files need no session
        with whole(file) as partial:
            partial.write_text(json.dumps(segment.segment_id))
    segment = Segment(json.loads(file.read_text()), len(passages))
    kinds = {LATE: late_encoder.fingerprint}
    snapshot = Snapshot("training", "train_multihop", 0, encoder.fingerprint, (segment,), kinds)
    return Pool(passages, questions, store, snapshot, encoder, late_encoder)


def passage_of(chunk_id: str, title: str, text: str) -> Passage:
    """Give a passage that is a whole document."""
    return Passage(chunk_id, chunk_id, 1, chunk_id, title, None, 0, len(text), 0.0, text)


def _question(row: dict[str, Any], numbers: dict[tuple[str, str], int]) -> Question:  # Any: JSON
    places = [numbers.setdefault((each["title"], each["text"]), len(numbers)) for each in row["paragraphs"]]
    marked = [each["supporting"] for each in row["paragraphs"]]
    needed = [place for place, is_needed in zip(places, marked, strict=True) if is_needed]
    others = [place for place, is_needed in zip(places, marked, strict=True) if not is_needed]
    steps = row.get("decomposition")
    after = None if steps is None else tuple(_annotated(steps, places))
    single = [] if steps is None else [(each["question"], places[each["paragraph"]]) for each in steps[:1]]
    for pair, needs in zip(row.get("qa_pairs", ()), needed, strict=False):
        named = next(
            (
                place
                for place in needed
                if row["paragraphs"][places.index(place)]["title"] in pair["question"]
            ),
            None,
        )
        if named is not None and needs is not None:
            single.append((pair["question"], named))
    return Question(
        row["id"],
        row["dataset"],
        row["question"],
        tuple(dict.fromkeys(needed)),
        tuple(dict.fromkeys(others)),
        after,
        tuple(single),
    )


def _annotated(steps: Sequence[dict[str, Any]], places: Sequence[int]) -> Iterator[tuple[int, int]]:
    for number, step in enumerate(steps):
        for earlier in range(number):
            if f"#{earlier + 1}" in step["question"]:
                yield places[steps[earlier]["paragraph"]], places[step["paragraph"]]


def json_rows(file: Path) -> Iterator[dict[str, Any]]:
    """Give the rows of a file of JSON lines."""
    with gzip.open(file, "rt") as lines:
        yield from map(json.loads, lines)
