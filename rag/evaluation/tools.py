"""How well a retriever picks the tools that a request needs."""

from collections.abc import Callable
from statistics import fmean

from rag.evaluation.datasets import Dataset
from rag.evaluation.metrics import ndcg, sufficiency
from rag.evaluation.retrieval import SearchDocuments

__all__ = ["evaluate_tools"]

_CUTOFFS = (5, 10)


def evaluate_tools(
    dataset: Dataset, search: SearchDocuments, *, on_question: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Ask every request for its ten best tools and average the measures."""
    judged = []
    for question in dataset.questions:
        ranking = list(dict.fromkeys(search(question.text, max(_CUTOFFS))))
        judged.append((ranking, dataset.relevant[question.id]))
        on_question()
    measures = {
        f"{name}@{k}": fmean(measure(ranking, relevant, k=k) for ranking, relevant in judged)
        for name, measure in (("sufficiency", sufficiency), ("ndcg", ndcg))
        for k in _CUTOFFS
    }
    return {name: round(value, 4) for name, value in measures.items()}
