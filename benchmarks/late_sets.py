"""Does the trained head pay? `python -m benchmarks.late_sets --data ir_cisi`, a data set at a time.

One pass of MiniLM over a set's chunks, as the product cuts them, gives three rankings of its documents by
their best chunk, every chunk scored exactly: `dense`, the mean of the token states; `raw`, MaxSim of the
states themselves (384 dimensions, cosine, all tokens alike; nothing trained); `late`, MaxSim of the shipped
head's vectors (128 dimensions). nDCG@10, and the interval of what `late` gains on the other two by a paired
bootstrap over the questions. `rag eval retrieval` shows the product's rows, from its compressed index.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks._machine import machine
from indexing.pipeline import Pipeline
from rag.compose import Grove
from rag.core.settings import Settings
from rag.core.types import ParsedDocument, Vector
from rag.encoders._minilm import Backbone
from rag.encoders.late import Late
from rag.evaluation.datasets import Dataset, load_dataset
from rag.evaluation.metrics import ndcg, paired_interval
from rag.networks.late import LateHead
from rag.scoring.maxsim import join, maxsim

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data"
_AT_ONCE = 256  # chunks
_BATCH = 16


def main() -> None:
    """Print a line for each set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", action="append", required=True, help="a folder of the data; repeat")
    parser.add_argument("--questions", type=int, help="the first so many; by default all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(machine()))
    for name in options.data:
        print(json.dumps(_row(load_dataset(DATA / name, limit=options.questions))), flush=True)


def _row(dataset: Dataset) -> dict[str, object]:
    spent = time.process_time()
    texts, documents = _chunks(dataset)
    found = {name: _ndcg(dataset, documents, scores) for name, scores in _scores(dataset, texts).items()}
    return {
        "data": dataset.name,
        "questions": len(dataset.questions),
        "chunks": len(texts),
        **{name: round(fmean(values), 4) for name, values in found.items()},
        "late - raw": paired_interval(found["late"], found["raw"]),
        "late - dense": paired_interval(found["late"], found["dense"]),
        "cpu_seconds": round(time.process_time() - spent),
    }


def _chunks(dataset: Dataset) -> tuple[list[str], list[str]]:
    """Give what the encoder sees of each chunk, and the document it is of."""
    with tempfile.TemporaryDirectory() as home:
        pipeline = Pipeline.from_grove(Grove(Settings(home=Path(home))))
    texts, documents = [], []
    for entry in dataset.corpus:
        if entry.text.strip():
            read = pipeline.cut(entry.id, "", ParsedDocument(entry.text, entry.title))
            texts += read.encoder_texts()
            documents += [entry.id] * len(read.chunks)
    return texts, documents


def _scores(dataset: Dataset, texts: Sequence[str]) -> Mapping[str, Vector]:
    """Give (Q, N) of each way."""
    asked = [question.text for question in dataset.questions]
    ((dense, raw, _),) = _encoded(asked, at_once=len(asked))
    late = Late().encode_queries(asked)  # each token as long as it weighs
    parts: dict[str, list[Vector]] = {"dense": [], "raw": [], "late": []}
    for vectors, states, tokens in _encoded(texts, at_once=_AT_ONCE):
        parts["dense"].append(dense @ vectors.T)
        for name, queries, passages in (("raw", raw, states), ("late", late, tokens)):
            ragged = join(passages)
            parts[name].append(np.stack([maxsim(query, *ragged) for query in queries]))
    return {name: np.concatenate(each, axis=1) for name, each in parts.items()}


def _encoded(texts: Sequence[str], *, at_once: int) -> Iterator[tuple[Vector, list[Vector], list[Vector]]]:
    """Give of some texts at a time the vectors (N, 384), and of each its states and the head's tokens."""
    backbone, head = Backbone(), LateHead.shipped()
    for start in range(0, len(texts), at_once):
        token_ids = backbone.tokenize(texts[start : start + at_once])
        dense = np.zeros((len(token_ids), backbone.size), dtype=np.float32)
        raw: dict[int, Vector] = {}
        late: dict[int, Vector] = {}
        for batch, states, mask in backbone.batches(token_ids, _BATCH):
            lengths = [len(token_ids[text]) for text in batch]
            vectors = backbone.pool(states[-1], mask)
            with torch.inference_mode():
                chosen = torch.stack([states[depth][mask] for depth in head.depths], dim=1)
                tokens = head.passages(chosen, lengths, vectors)
                unit = F.normalize(states[-1][mask], dim=-1)
            dense[batch] = vectors.numpy()
            ends = np.cumsum(lengths)[:-1]
            raw |= dict(zip(batch, np.split(unit.numpy(), ends), strict=True))
            late |= dict(zip(batch, np.split(tokens.numpy(), ends), strict=True))
        order = range(len(token_ids))
        yield dense, [raw[text] for text in order], [late[text] for text in order]


def _ndcg(dataset: Dataset, documents: Sequence[str], scores: Vector) -> list[float]:
    rankings = [
        list(dict.fromkeys(documents[chunk] for chunk in np.argsort(-row, kind="stable").tolist()))[:10]
        for row in scores
    ]
    pairs = zip(dataset.questions, rankings, strict=True)
    return [ndcg(ranking, dataset.relevant[question.id], k=10) for question, ranking in pairs]


if __name__ == "__main__":
    main()
