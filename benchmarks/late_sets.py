"""Does the trained head pay? `python -m benchmarks.late_sets --data ir_cisi`, a data set at a time.

nDCG@10 of documents by their best chunk, as the product cuts them, every chunk scored exactly
(benchmarks/_signals.py): words, dense vectors, MaxSim of the token states as they are (`raw`) and of the
shipped head's vectors (`late`), and the fusions `hybrid` and `hybrid+late`. Intervals of differences by a
paired bootstrap over the questions. `rag eval retrieval` shows the product's rows, from its compressed
index.
"""

import argparse
import json
import os
import time
from pathlib import Path
from statistics import fmean

import torch

from benchmarks._machine import machine
from benchmarks._signals import signals_of
from benchmarks.late_fusion import HYBRID, SHIPPED
from rag.evaluation.datasets import Dataset, load_dataset
from rag.evaluation.metrics import paired_interval

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data"
_COMPARED = (("late", "raw"), ("late", "dense"), ("hybrid+late", "hybrid"))


def main() -> None:
    """Print a line for each set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", action="append", required=True, help="a folder of the data; repeat")
    parser.add_argument("--questions", type=int, help="the first so many; by default all")
    parser.add_argument(
        "--keep", type=Path, help="a folder for what was found, so that a set is encoded once"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(machine()))
    for name in options.data:
        dataset = load_dataset(DATA / name, limit=options.questions)
        print(json.dumps(_row(dataset, options.keep)), flush=True)


def _row(dataset: Dataset, keep: Path | None) -> dict[str, object]:
    spent = time.process_time()
    signals = signals_of(dataset, keep=keep)
    found = {name: signals.ndcg(rankings) for name, rankings in signals.rankings.items()}
    found |= {"hybrid": signals.ndcg(HYBRID.rankings(signals))}
    found |= {"hybrid+late": signals.ndcg(SHIPPED.rankings(signals))}
    return {
        "data": dataset.name,
        "questions": len(dataset.questions),
        "chunks": len(signals.documents),
        **{name: round(fmean(values), 4) for name, values in found.items()},
        **{f"{one} - {other}": paired_interval(found[one], found[other]) for one, other in _COMPARED},
        "cpu_seconds": round(time.process_time() - spent),
    }


if __name__ == "__main__":
    main()
