"""How well a retriever finds the relevant documents."""

import time
from collections.abc import Callable, Sequence
from statistics import fmean, quantiles

from rag.evaluation.datasets import Dataset
from rag.evaluation.metrics import ndcg, recall, reciprocal_rank

__all__ = ["SearchDocuments", "evaluate_retriever"]

SearchDocuments = Callable[[str, int], Sequence[str]]
"""(question, k) -> at most k distinct document ids, best first."""

_DEPTH = 100


def evaluate_retriever(
    dataset: Dataset, search: SearchDocuments, *, on_question: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Ask every question and average the measures; times are milliseconds."""
    rankings, milliseconds = [], []
    for question in dataset.questions:
        started = time.perf_counter()
        rankings.append(list(dict.fromkeys(search(question.text, _DEPTH)))[:_DEPTH])
        milliseconds.append((time.perf_counter() - started) * 1000)
        on_question()
    gains = [dataset.relevant[question.id] for question in dataset.questions]
    pairs = list(zip(rankings, gains, strict=True))
    measures = {
        "ndcg@10": [ndcg(ranking, relevant, k=10) for ranking, relevant in pairs],
        "recall@5": [recall(ranking, relevant, k=5) for ranking, relevant in pairs],
        "recall@10": [recall(ranking, relevant, k=10) for ranking, relevant in pairs],
        "recall@100": [recall(ranking, relevant, k=100) for ranking, relevant in pairs],
        "mrr@10": [reciprocal_rank(ranking, relevant, k=10) for ranking, relevant in pairs],
        "success@1": [reciprocal_rank(ranking, relevant, k=1) for ranking, relevant in pairs],
    }
    return {name: round(fmean(values), 4) for name, values in measures.items()} | latencies(milliseconds)


def latencies(milliseconds: Sequence[float]) -> dict[str, float]:
    """Give the median and the 95th percentile."""
    steps = quantiles([*milliseconds, *milliseconds], n=20, method="inclusive")
    return {"p50_ms": round(steps[9], 2), "p95_ms": round(steps[18], 2)}
