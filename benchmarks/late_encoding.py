"""What token and section vectors cost beside dense ones: `python -m benchmarks.late_encoding DATA`.

Encodes passages of a shared data set (corpus.jsonl) with the dense encoder alone, with the late encoder
whose pass gives both, and with the long encoder, 32 passages a section, in turns; prints the times and
their ratios.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks._machine import machine
from rag.encoders.late import Late
from rag.encoders.long import Long
from rag.encoders.minilm import Minilm
from rag.evaluation.datasets import load_dataset

_SECTION = 32  # passages, as many as indexing puts into one at most


def main() -> None:
    """Measure, and print a line for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--passages", type=int, default=96)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    texts = [entry.text for entry in load_dataset(options.data).corpus[: options.passages]]
    sections = ["\n\n".join(texts[start : start + _SECTION]) for start in range(0, len(texts), _SECTION)]
    dense, late, long = Minilm(), Late(), Long()
    dense.encode(texts[:8])  # loads the weights
    late.encode_both(texts[:8])
    long.encode(texts[:1])
    alone, both, whole = [], [], []
    for _ in range(options.turns):
        alone.append(_seconds(lambda: dense.encode(texts)))
        both.append(_seconds(lambda: late.encode_both(texts)))
        whole.append(_seconds(lambda: long.encode(sections)))
    print(machine())
    base = statistics.median(alone)
    print(f"dense alone: {base:.2f} s for {len(texts)} passages")
    print(f"dense and late: {statistics.median(both):.2f} s, {statistics.median(both) / base:.2f} times")
    added = statistics.median(whole)
    print(f"long, beside them: {added:.2f} s for {len(sections)} sections, {added / base:.2f} times")


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()  # of this process: others on the machine do not count
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
