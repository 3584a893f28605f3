"""How well signals tell questions of several hops from others, and the weights of rag/scoring/routing.py.

Questions of train_multihop beside single ones of train_qa_english, as many of each, over one corpus of all
their paragraphs and as many others. Each fifth is judged by what the other four fitted; the weights in the
settings of `--json` are fitted on all. No test set takes part.
"""

import gzip
import json
import os
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._machine import machine
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.settings import Settings
from rag.core.types import ParsedDocument
from rag.scoring.routing import HOP_SIGNALS, hop_signals
from rag.training._logistic import fit, logits

SHARED = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared"))
_SINGLE = ("qed_nq", "squad", "squad_mixed", "tydiqa_en")
_MULTI = ("2wiki", "hotpotqa", "musique")
_FOLDS = 5
_NUM_PASSAGES = 6  # as the default answer reads


def run(*, quick: bool) -> dict[str, Any]:
    """Index, search, fit on four fifths, judge the fifth."""
    size = 24 if quick else 300
    rng = random.Random(0)  # noqa: S311 -- a sample, no secret
    multi = _sample(_rows("train_multihop"), _MULTI, size // len(_MULTI), rng)
    single = _sample(_rows("train_qa_english"), _SINGLE, 2 * size // len(_SINGLE), rng)
    asked, others = single[::2], single[1::2]
    paragraphs = {(each["title"], each["text"]) for row in multi for each in row["paragraphs"]}
    paragraphs |= {(row["title"], row["context"]) for row in (*asked, *others)}
    with tempfile.TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home)))
        documents = (
            (str(number), ParsedDocument(text, title))
            for number, (title, text) in enumerate(sorted(paragraphs))
            if text.strip()
        )
        index_corpus(grove, documents, collection="default")
        questions = [*multi, *asked]
        signals = np.array([_signals(grove, row["question"]) for row in questions], dtype=np.float32)
        grove.database.close()
    labels = np.array([1.0] * len(multi) + [0.0] * len(asked), dtype=np.float32)
    folds = np.arange(len(labels)) % _FOLDS
    chances = np.zeros(len(labels), dtype=np.float32)
    for fold in range(_FOLDS):
        chances[folds == fold] = logits(
            fit(signals[folds != fold], labels[folds != fold]), signals[folds == fold]
        )
    sets = np.array([row["dataset"] for row in questions])
    rows = [_row(name, chances[sets == name] > 0, is_multi=name in _MULTI) for name in (*_MULTI, *_SINGLE)]
    return {
        "machine": machine(),
        "settings": {
            "questions": len(labels),
            "paragraphs": len(paragraphs),
            "accuracy": round(float(((chances > 0) == (labels > 0)).mean()), 3),
            "weights": fit(signals, labels),
        },
        "rows": rows,
    }


def _row(name: str, hops: "np.ndarray[Any, Any]", *, is_multi: bool) -> dict[str, object]:
    right = hops.sum() if is_multi else (~hops).sum()
    wanted = "hops" if is_multi else "plain"
    return {
        "set": name,
        "wanted": wanted,
        "hops": int(hops.sum()),
        "plain": int((~hops).sum()),
        "right": round(float(right) / len(hops), 3),
    }


def _signals(grove: Grove, question: str) -> list[float]:
    found = hop_signals(question, grove.search(question, k=_NUM_PASSAGES).passages)
    return [found[name] for name in HOP_SIGNALS]


def _rows(name: str) -> list[dict[str, Any]]:
    with gzip.open(SHARED / "data" / name / "train.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def _sample(
    rows: list[dict[str, Any]], sets: tuple[str, ...], size: int, rng: random.Random
) -> list[dict[str, Any]]:
    return [
        row for name in sets for row in rng.sample([each for each in rows if each["dataset"] == name], size)
    ]
