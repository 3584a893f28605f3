import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.evaluation.datasets import Dataset, load_dataset
from rag.evaluation.tools import evaluate_tools


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    tools = [{"id": f"t{n}", "text": f"tool {n}"} for n in range(12)]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(each) + "\n" for each in tools))
    queries = [{"id": "both", "text": "needs t0 and t1"}, {"id": "one", "text": "needs t2"}]
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(each) + "\n" for each in queries))
    (tmp_path / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\nboth\tt0\t1\nboth\tt1\t1\none\tt2\t1\n"
    )
    return load_dataset(tmp_path)


def test_one_tool_that_is_missing_makes_a_choice_insufficient(dataset: Dataset) -> None:
    def search(text: str, k: int) -> Sequence[str]:
        return ["t0", "t3", "t4", "t5", "t6", "t1"] if "both" in text or "and" in text else ["t2"]

    measures = evaluate_tools(dataset, search)
    assert (measures["sufficiency@5"], measures["sufficiency@10"]) == (0.5, 1.0)
    assert measures["ndcg@5"] < measures["ndcg@10"] < 1.0


def test_a_tool_that_is_named_twice_takes_one_place(dataset: Dataset) -> None:
    measures = evaluate_tools(dataset, lambda text, k: ["t0"] * 5 + ["t1", "t2"])
    assert measures["sufficiency@5"] == 1.0
