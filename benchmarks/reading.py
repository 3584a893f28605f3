"""How long reading takes: five passages with their question, beside encoding the same passages.

The time that anything which looks at the passages anew must take; one thread's CPU time, alternating,
medians. `judging` is all that stands between a search and the first word of an extractive answer: reading,
and encoding the few sentences that may decide. `their sentences` is what encoding every one of them takes.
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
from rag.reading.features import units_of
from rag.reading.readers.minilm import Minilm as Reader
from rag.reading.support import Support

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "qa_nq_gold"
_PASSAGES = 5


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 100 questions; `quick` 20."""
    torch.set_num_threads(1)
    dataset = load_dataset(DATA, limit=20 if quick else 100)
    encoder, reader = Minilm(), Reader()
    times: dict[str, list[float]] = {}
    for number, question in enumerate(dataset.questions):
        entries = [
            dataset.corpus[(_PASSAGES * number + each) % len(dataset.corpus)] for each in range(_PASSAGES)
        ]
        passages = [
            Passage(entry.id, entry.id, 1, entry.id, entry.title, None, 0, len(entry.text), 0.0, entry.text)
            for entry in entries
        ]
        texts = [f"{entry.title}\n\n{entry.text}" for entry in entries]
        sentences = [f"{unit.label}. {unit.text}" for unit in units_of(passages)]
        ways: dict[str, Callable[[], object]] = {
            "encoding": partial(encoder.encode, texts),
            "encoding their sentences": partial(encoder.encode, sentences),
            "reading": partial(reader.read, question.text, passages),
            "judging": partial(Support(encoder, reader).judge, question.text, passages),
        }
        for what, work in ways.items():
            times.setdefault(what, []).append(_seconds(work))
    rows = [
        {
            "what": what,
            "p50_ms": round(1000 * float(np.median(taken[1:])), 1),
            "ratio": round(float(np.median(np.array(taken[1:]) / np.array(times["encoding"][1:]))), 3),
        }
        for what, taken in times.items()
    ]
    settings = {"questions": len(dataset.questions), "passages": _PASSAGES}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _seconds(work: Callable[[], object]) -> float:
    started = time.thread_time()
    work()
    return time.thread_time() - started
