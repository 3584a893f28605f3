"""What is judged is what the product's pipelines rank, though each of their parts is asked once."""

from pathlib import Path

from api.evaluation import IndexedDataset
from benchmarks.late_fusion import ranked
from rag.core.settings import Settings
from rag.evaluation.datasets import Dataset, Entry, Question

CORPUS = [
    Entry("tides", "Tides", "The moon pulls at the sea, and the water rises twice a day."),
    Entry("moon", "Moon", "The moon turns around the earth in twenty-seven days."),
    Entry("bread", "Bread", "Flour, water, salt and yeast rise for a day before they are baked."),
    Entry("sails", "Sails", "A sail turns wind into speed; at sea it is reefed when a storm rises."),
    Entry("yeast", "Yeast", "Yeast makes dough rise."),
]
QUESTION = "Why does the water of the sea rise?"


def test_parts_fused_are_the_pipelines(tmp_path: Path) -> None:
    dataset = Dataset("five", CORPUS, [Question("q", QUESTION)], {"q": {"tides": 1.0}})
    indexed = IndexedDataset(Settings(), dataset, tmp_path, work=tmp_path, retrievers=["hybrid+late"])
    indexed.index(lambda _: None)
    found = ranked(indexed.grove, QUESTION)
    assert found.pop("chosen")[0] == "tides"
    assert found == {pipeline: indexed.search(pipeline)(QUESTION, 10) for pipeline in found}
    assert len(found["late"]) == len(CORPUS)
