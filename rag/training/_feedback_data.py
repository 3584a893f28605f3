"""What the feedback reformulator learns from: questions, a pool of passages, and MiniLM's vectors of both.

From train_retrieval_english alone. Titles stay together, so that a question's first answers include
passages on its topic that do not answer it: what feedback must learn to tell apart. A tenth of the titles
is held out, to choose settings by.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.core.protocols import Encoder
from rag.core.types import Vector

# Passages a part: medquad is templated, story sections (fairytaleqa) are long and name nothing.
_QUOTA = {
    "squad": 500,
    "squad_mixed": 250,
    "squad_sentence": 2000,
    "tydiqa_en": 350,
    "qed_nq": 500,
    "selqa": 300,
    "conditionalqa": 300,
    "medquad": 500,
}
_QUESTIONS_A_PASSAGE = 3
_BATCH = 512  # texts between two writes of the vectors' cache


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its passages by number, and whether it is held out."""

    text: str
    positives: tuple[int, ...]
    dataset: str
    is_held_out: bool


@dataclass(frozen=True, slots=True)
class Pool:
    """Passages, (P, D), and questions, (Q, D), of unit norm."""

    passages: Vector
    questions: Vector
    asked: list[Asked]


def load_pool(data: Path, encoder: Encoder) -> Pool:
    """Read the pool and encode it, about three minutes of one core the first time."""
    passages, asked = read_pool(data)
    return Pool(_encoded(passages, encoder), _encoded([each.text for each in asked], encoder), asked)


def read_pool(data: Path) -> tuple[list[str], list[Asked]]:
    """Give passages as the encoder reads them, and the questions they answer."""
    parts: dict[str, dict[str, list[str]]] = {name: {} for name in _QUOTA}
    titles: dict[str, str] = {}
    with gzip.open(data / "train_retrieval_english" / "train.jsonl.gz", "rt") as lines:
        for record in map(json.loads, lines):
            if record["dataset"] in parts:
                title, text = record["positive"]["title"], record["positive"]["text"]
                shown = "\n".join(dict.fromkeys((title, text))).strip()  # as the pipeline shows it
                titles[shown] = title or text
                parts[record["dataset"]].setdefault(shown, []).append(record["query"])
    numbers: dict[str, int] = {}
    positives: dict[str, list[int]] = {}
    origins: dict[str, tuple[str, str]] = {}
    for name, quota in _QUOTA.items():
        for text in sorted(parts[name], key=lambda text: (_order(titles[text]), _order(text)))[:quota]:
            number = numbers.setdefault(text, len(numbers))
            for question in sorted(parts[name][text], key=_order)[:_QUESTIONS_A_PASSAGE]:
                positives.setdefault(question, []).append(number)
                origins.setdefault(question, (name, titles[text]))
    asked = [
        Asked(question, tuple(dict.fromkeys(found)), name, _order(f"held out{title}") % 10 == 0)
        for question, found in positives.items()
        for name, title in [origins[question]]
    ]
    return list(numbers), asked


def _encoded(texts: list[str], encoder: Encoder) -> Vector:
    batches = [encoder.encode(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
    return np.concatenate(batches)


def _order(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
