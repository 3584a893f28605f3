"""More feedback does not hurt, on whole sets: minutes of encoding, so these run by `pytest -m slow`."""

from pathlib import Path

import pytest

from api.evaluation import IndexedDataset
from rag.core.settings import Part, Settings
from rag.evaluation.datasets import load_dataset
from rag.evaluation.retrieval import evaluate_retriever

_NOISE = 0.001  # of nDCG@10: a question or two whose order changed below the first answers


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ir_cranfield", "ir_cisi", "ir_scifact"])
def test_with_lol_five_passages_do_no_worse_than_one(name: str, shared_data: Path, tmp_path: Path) -> None:
    ways = {
        f"lol {size}": Part(kind="feedback", options={"method": "lol", "feedback": size}) for size in (1, 5)
    }
    dataset = load_dataset(shared_data / name)
    settings = Settings(home=tmp_path, indexes="dense", retrievers=ways)
    indexed = IndexedDataset(settings, dataset, shared_data / name, work=tmp_path)
    indexed.index(lambda number: None)
    one, five = (evaluate_retriever(dataset, indexed.search(way))["ndcg@10"] for way in ways)
    assert five >= one - _NOISE
