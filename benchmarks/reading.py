"""How long reading takes: five passages with their question, beside encoding the same passages.

The time that anything which looks at the passages anew must take; one thread, alternating, medians.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks._machine import machine
from rag.core.types import Passage
from rag.encoders.minilm import Minilm
from rag.evaluation.datasets import load_dataset
from rag.generation.readers.minilm import Minilm as Reader

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "qa_nq_gold"
_PASSAGES = 5


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 100 questions; `quick` 20."""
    torch.set_num_threads(1)
    dataset = load_dataset(DATA, limit=20 if quick else 100)
    encoder, reader = Minilm(), Reader()
    encoding, reading = [], []
    for number, question in enumerate(dataset.questions):
        entries = [
            dataset.corpus[(_PASSAGES * number + each) % len(dataset.corpus)] for each in range(_PASSAGES)
        ]
        passages = [
            Passage(entry.id, entry.id, 1, entry.id, entry.title, None, 0, len(entry.text), 0.0, entry.text)
            for entry in entries
        ]
        texts = [f"{entry.title}\n\n{entry.text}" for entry in entries]
        encoding.append(_seconds(partial(encoder.encode, texts)))
        reading.append(_seconds(partial(reader.read, question.text, passages)))
    rows = [
        {"what": what, "p50_ms": round(1000 * float(np.median(times[1:])), 1), "ratio": round(ratio, 3)}
        for what, times, ratio in (
            ("encoding", encoding, 1.0),
            ("reading", reading, float(np.median(np.array(reading[1:]) / np.array(encoding[1:])))),
        )
    ]
    settings = {"questions": len(dataset.questions), "passages": _PASSAGES}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
