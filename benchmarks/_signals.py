"""How words and vectors rank the chunks of a set, every chunk scored exactly, from one pass of MiniLM.

`words` is BM25 of the embedded store; `dense` the mean of the token states; `raw` MaxSim of the states
themselves (384 dimensions, cosine, all tokens alike; nothing trained); `late` MaxSim of the shipped head's
vectors (128 dimensions). What was found can be kept in a file, so that a set is encoded once.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from indexing.pipeline import Pipeline
from rag.compose import Grove
from rag.core.queries import TextQuery
from rag.core.settings import Settings
from rag.core.types import Hit, ParsedDocument, Row, Vector
from rag.encoders._minilm import Backbone
from rag.encoders.late import Late
from rag.evaluation.datasets import Dataset
from rag.evaluation.metrics import ndcg
from rag.networks.late import LateHead
from rag.scoring.maxsim import join, maxsim

__all__ = ["NAMES", "Signals", "signals_of"]

NAMES = ("words", "dense", "raw", "late")
_DEPTH = 200  # chunks kept of each ranking
_AT_ONCE = 256  # chunks
_BATCH = 16

_Ranking = list[Hit]  # chunk ids are the numbers of chunks


@dataclass(frozen=True, slots=True)
class Signals:
    """The rankings of each signal, one a question of the set."""

    dataset: Dataset
    documents: Sequence[str]  # of each chunk
    rankings: Mapping[str, Sequence[_Ranking]]

    def ndcg(self, rankings: Sequence[Sequence[Hit]]) -> list[float]:
        """Give nDCG@10 of each question's ranking of chunks, a document counted where it comes first."""
        found = []
        for question, hits in zip(self.dataset.questions, rankings, strict=True):
            documents = list(dict.fromkeys(self.documents[int(hit.chunk_id)] for hit in hits))
            found.append(ndcg(documents[:10], self.dataset.relevant[question.id], k=10))
        return found


def signals_of(dataset: Dataset, *, keep: Path | None = None) -> Signals:
    """Give the rankings; with `keep`, from the file there or into it."""
    file = None if keep is None else keep / f"{dataset.name}-{len(dataset.questions)}.json"
    if file is not None and file.exists():
        documents, kept = json.loads(file.read_text())
        rankings = {name: [[Hit(*hit) for hit in hits] for hits in each] for name, each in kept.items()}
        return Signals(dataset, documents, rankings)
    texts, documents = _chunks(dataset)
    rankings = {"words": _by_words(dataset, texts)}
    rankings |= {name: [_best(row) for row in rows] for name, rows in _scores(dataset, texts).items()}
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        bare = {
            name: [[(hit.chunk_id, hit.score) for hit in hits] for hits in each]
            for name, each in rankings.items()
        }
        file.write_text(json.dumps([documents, bare]))
    return Signals(dataset, documents, rankings)


def _best(row: Vector) -> _Ranking:
    return [Hit(str(place), float(row[place])) for place in np.argsort(-row, kind="stable")[:_DEPTH]]


def _chunks(dataset: Dataset) -> tuple[list[str], list[str]]:
    """Give what the encoder sees of each chunk, and the document it is of."""
    with tempfile.TemporaryDirectory() as home:
        pipeline = Pipeline.from_grove(Grove(Settings(home=Path(home))))
    texts, documents = [], []
    for entry in dataset.corpus:
        if entry.text.strip():
            read = pipeline.cut(entry.id, "", ParsedDocument(entry.text, entry.title))
            texts += pipeline.encoder_texts(read)
            documents += [entry.id] * len(read.chunks)
    return texts, documents


def _by_words(dataset: Dataset, texts: Sequence[str]) -> list[_Ranking]:
    nowhere = np.ones(1, dtype=np.float32)
    with tempfile.TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home)))
        rows = [Row(str(number), "version", text, nowhere) for number, text in enumerate(texts)]
        with grove.database.write() as session:
            segment = grove.store.stage(rows, session=session)
        return [
            grove.store.search(TextQuery(question.text), [segment], filter=None, k=_DEPTH)
            for question in dataset.questions
        ]


def _scores(dataset: Dataset, texts: Sequence[str]) -> Mapping[str, Vector]:
    """Give (Q, N) of each way with vectors."""
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
