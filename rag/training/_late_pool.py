"""What the late-interaction head learns from: questions, passages, and the frozen encoder's states of both.

The states are written once to a memory-mapped file, half precision; a head trains on them without
another pass through the encoder. Knows nothing of teachers or losses.
"""

import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rag.core.errors import InvalidInputError
from rag.core.types import Vector
from rag.encoders._minilm import FINGERPRINT, Backbone
from rag.networks.late import ENDS
from rag.training._kept import made_of, whole
from rag.training._progress import Progress

# Passages a part: medquad is templated and weighs little, sentences of SQuAD are many and alike.
QUOTA = {
    "squad": 450,
    "squad_mixed": 350,
    "squad_sentence": 800,
    "squad_sentence_lc": 300,
    "tydiqa_en": 900,
    "qed_nq": 1200,
    "selqa": 400,
    "conditionalqa": 500,
    "fairytaleqa": 200,
    "medquad": 600,
}
_QUESTIONS_A_PASSAGE = 3
MULTIHOP_QUESTIONS = 70  # of each of MuSiQue, HotpotQA and 2WikiMultihopQA
_BATCH = 8
_SHOWN_EVERY = 100  # batches


@dataclass(frozen=True, slots=True)
class Query:
    """A question, its gold passages, and whether it is held out for development."""

    text: str
    positives: list[int]
    dataset: str
    dev: bool


@dataclass(frozen=True, slots=True)
class States:
    """Token states of many texts, one after the other."""

    rows: NDArray[np.float16]  # (T, len(depths), D), memory-mapped
    offsets: NDArray[np.int64]  # (N + 1,)
    vectors: Vector  # (N, D) float32, the dense encoder's

    def of(self, texts: Sequence[int], columns: Sequence[int]) -> tuple[Tensor, list[int]]:
        """Give the texts' states (T, len(columns), D) float32, and how many tokens each has."""
        parts = [self.rows[self.offsets[text] : self.offsets[text + 1]][:, columns] for text in texts]
        return torch.from_numpy(np.concatenate(parts).astype(np.float32)), [len(part) for part in parts]


@dataclass(frozen=True, slots=True)
class Pool:
    """Passages with their questions, each with its states."""

    name: str  # tells it from any other, so that what is kept of it can have this name
    passages: list[str]
    queries: list[Query]
    passage_states: States
    query_states: States


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the states of some depths are among those that are stored."""

    head: list[int]
    ends: list[int]
    last: int
    below: int  # the layers that are trained

    @classmethod
    def of(cls, depths: Sequence[int], *, layers: int = 0) -> tuple[list[int], Self]:
        """Give the depths to store, and the columns for a head that reads `depths`.

        Args:
            depths: of the states that the head reads.
            layers: how many of the last are trained with it; it then reads the last alone.
        """
        if layers and tuple(depths) != (ENDS[-1],):
            raise InvalidInputError(
                f"with trained layers the head reads depth {ENDS[-1]} alone, got depths {tuple(depths)}"
            )
        below = ENDS[-1] - layers
        stored = sorted({*depths, *ENDS, below})
        columns = cls(
            [stored.index(depth) for depth in depths],
            [stored.index(depth) for depth in ENDS],
            -1,
            stored.index(below),
        )
        return stored, columns


_Read = Callable[[Path], tuple[list[str], list[Query]]]


def load_pools(data: Path, work: Path, depths: Sequence[int], *, scale: float = 1.0) -> list[Pool]:
    """Give the single-hop and the multi-hop pool, encoded under `work` unless they are there already.

    Args:
        data: the folder that holds train_retrieval_english and train_multihop.
        work: where the pools are kept.
        depths: of the states.
        scale: times so many passages of each single-hop set, as far as it has them; multi-hop ones are few.
    """
    single = "single" if scale == 1.0 else f"single_x{scale:g}"
    return [
        _pool(single, partial(single_hop, scale=scale), data, work, depths),
        _pool("multihop", _multi_hop, data, work, depths),
    ]


def _pool(name: str, read: _Read, data: Path, work: Path, depths: Sequence[int]) -> Pool:
    passages, queries = read(data)
    name = f"{name}_{made_of(FINGERPRINT, passages, queries)}"
    work.mkdir(parents=True, exist_ok=True)
    encoded = [
        _states(work / f"{name}_{kind}", texts, depths)
        for kind, texts in (("passages", passages), ("queries", [query.text for query in queries]))
    ]
    return Pool(name, passages, queries, *encoded)


def _states(stem: Path, texts: Sequence[str], depths: Sequence[int]) -> States:
    rows_file = stem.with_name(f"{stem.name}_{'-'.join(map(str, depths))}.npy")
    index_file = rows_file.with_suffix(".npz")  # written last: it says that the rows are whole
    if not index_file.exists():
        _encode(texts, depths, rows_file, index_file)
    index = np.load(index_file)
    return States(np.load(rows_file, mmap_mode="r"), index["offsets"], index["vectors"])


def encoded(texts: Sequence[str], depths: Sequence[int]) -> States:
    """Encode a few texts in memory."""
    backbone = _backbone()
    encodings = backbone.tokenize(texts)
    rows = np.zeros((sum(map(len, encodings)), len(depths), backbone.size), dtype=np.float16)
    return _fill(rows, backbone, encodings, depths)


def _encode(texts: Sequence[str], depths: Sequence[int], rows_file: Path, index_file: Path) -> None:
    backbone = _backbone()
    encodings = backbone.tokenize(texts)
    shape = (sum(map(len, encodings)), len(depths), backbone.size)
    rows = np.lib.format.open_memmap(rows_file, "w+", np.float16, shape)
    states = _fill(rows, backbone, encodings, depths)
    rows.flush()
    with whole(index_file) as file:
        np.savez(file, offsets=states.offsets, vectors=states.vectors)


def _fill(
    rows: NDArray[np.float16], backbone: Backbone, encodings: Sequence[list[int]], depths: Sequence[int]
) -> States:
    lengths = np.array([len(encoding) for encoding in encodings])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    vectors = np.zeros((len(encodings), backbone.size), dtype=np.float32)
    num_batches = -(-len(encodings) // _BATCH)
    progress = Progress(0, num_batches, every=_SHOWN_EVERY, what="encoding, batch")
    for number, (batch, states, mask) in enumerate(backbone.batches(encodings, _BATCH), start=1):
        vectors[batch] = backbone.pool(states[-1], mask).cpu().numpy()
        chosen = torch.stack([states[depth] for depth in depths], dim=2).half().cpu().numpy()
        for row, text in enumerate(batch):
            rows[offsets[text] : offsets[text + 1]] = chosen[row, : lengths[text]]
        progress.note(number, is_last=number == num_batches)
    return States(rows, offsets, vectors)


def _backbone() -> Backbone:
    return Backbone(device="cuda" if torch.cuda.is_available() else "cpu")


def single_hop(data: Path, *, scale: float = 1.0) -> tuple[list[str], list[Query]]:
    """Give passages of train_retrieval_english and their questions, as `load_pools` takes them."""
    parts: dict[str, dict[str, list[str]]] = {name: {} for name in QUOTA}
    for record in _records(data / "train_retrieval_english" / "train.jsonl.gz"):
        text = joined(**record["positive"])
        parts[record["dataset"]].setdefault(text, []).append(record["query"])
    passages: list[str] = []
    queries: list[Query] = []
    for name, quota in QUOTA.items():
        for text in sorted(parts[name], key=shuffled)[: round(quota * scale)]:
            dev = shuffled(f"dev{text}") % 10 == 0  # a passage's questions stay together
            questions = sorted(parts[name][text], key=shuffled)[:_QUESTIONS_A_PASSAGE]
            queries += [Query(question, [len(passages)], name, dev) for question in questions]
            passages.append(text)
    return passages, queries


def _multi_hop(data: Path) -> tuple[list[str], list[Query]]:
    index: dict[str, int] = {}
    queries: list[Query] = []
    taken: dict[str, int] = {}
    records = _records(data / "train_multihop" / "train.jsonl.gz")
    for record in sorted(records, key=lambda record: shuffled(record["question"])):
        name = record["dataset"]
        taken[name] = taken.get(name, 0) + 1
        if taken[name] > MULTIHOP_QUESTIONS:
            continue
        positives = set()
        for paragraph in record["paragraphs"]:
            number = index.setdefault(joined(paragraph["title"], paragraph["text"]), len(index))
            if paragraph["supporting"]:
                positives.add(number)
        dev = shuffled(f"dev{record['question']}") % 3 == 0
        queries.append(Query(record["question"], sorted(positives), name, dev))
    return list(index), queries


def _records(path: Path) -> list[dict[str, Any]]:  # Any: JSON, its keys are named in the data's README
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def joined(title: str, text: str) -> str:
    return "\n".join(dict.fromkeys((title, text))).strip()  # as the pipeline shows text to encoders


def shuffled(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)
