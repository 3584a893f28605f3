"""The same is found over PostgreSQL as over SQLite and FAISS."""

from pathlib import Path

import pytest

from benchmarks.stores import compared
from rag.evaluation.datasets import Dataset, Entry, Question

CORPUS = [
    Entry("tides", "Tides", "The moon pulls at the sea, and the water rises twice a day."),
    Entry("bread", "Bread", "Flour, water, salt and yeast rise for a day before they are baked."),
    Entry("sails", "Sails", "A sail turns wind into speed; at sea it is reefed when a storm rises."),
]


@pytest.mark.postgres
def test_both_stores_are_searched_by_each_pipeline(tmp_path: Path, postgres_url: str) -> None:
    questions = [Question("q", "Why does the water of the sea rise?")]
    dataset = Dataset("three", CORPUS, questions, {"q": {"tides": 1.0}})
    rows = list(compared(dataset, tmp_path, tmp_path, postgres_url))
    assert {row["pipeline"] for row in rows} >= {"lexical", "dense", "hybrid", "late", "hybrid+late"}
    assert all(row["faiss"] == row["pgvector"] == 1.0 for row in rows)
