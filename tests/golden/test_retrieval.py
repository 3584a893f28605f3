"""Grove's retrieval is as good as that of other people's code on the same files.

benchmarks/independent_retrieval.py made the values, with bm25s and sentence-transformers.
"""

import json
from pathlib import Path

import pytest

from api.evaluation import IndexedDataset
from rag.core.settings import Part, Settings
from rag.evaluation.datasets import load_dataset
from rag.evaluation.retrieval import evaluate_retriever

# A corpus of thousands of abstracts takes ten minutes to encode on two cores: `pytest -m slow`.
SLOW = ("ir_scifact", "qa_nq_gold")
INDEPENDENT = json.loads((Path(__file__).parent / "retrieval_independent.json").read_text())


@pytest.mark.data
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in INDEPENDENT]
)
def test_one_truncated_chunk_a_document_is_found_as_others_find_it(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    dataset = load_dataset(shared_data / name)
    settings = Settings(home=tmp_path, chunker=Part(kind="whole"))
    indexed = IndexedDataset(settings, dataset, shared_data / name, work=tmp_path)
    indexed.index(lambda _: None)
    found = {
        retriever: evaluate_retriever(dataset, indexed.search(retriever))["ndcg@10"]
        for retriever in ("lexical", "dense", "hybrid")
    }
    assert len(dataset.questions) == INDEPENDENT[name]["queries"]
    assert found == pytest.approx(INDEPENDENT[name]["ndcg@10"], abs=0.01)
