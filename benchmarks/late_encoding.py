"""What token and section vectors cost beside dense ones: `python -m benchmarks.late_encoding DATA`.

Encodes passages of a shared data set (corpus.jsonl) with the dense encoder alone, with the late encoder
whose pass gives both, and with the long encoder, 32 passages a section, in float32 and in bfloat16, all in
turns; prints CPU times, what each is beside dense alone, and how little bfloat16 turns a vector.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

import torch

from benchmarks._machine import machine
from rag.encoders._precision import Precision
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
    ways: dict[tuple[str, str], Callable[[], object]] = {}
    precisions: tuple[Precision, ...] = get_args(Precision)[1:]
    for precision in precisions:
        ways[precision, "dense alone"] = partial(Minilm(precision=precision).encode, texts)
        ways[precision, "dense and late"] = partial(Late(precision=precision).encode_both, texts)
        ways[precision, "long, beside"] = partial(Long(precision=precision).encode, sections)
    for encode in ways.values():
        encode()  # loads the weights
    times: dict[tuple[str, str], list[float]] = {way: [] for way in ways}
    for _ in range(options.turns):
        for way, encode in ways.items():
            times[way].append(_seconds(encode))
    print(machine(), f"{len(texts)} passages, {len(sections)} sections", sep="\n")
    for way, taken in times.items():
        seconds, base = statistics.median(taken), statistics.median(times[way[0], "dense alone"])
        print(f"{way[0]}, {way[1]}: {seconds:.2f} s, {seconds / base:.2f} times")
    exact, short = (Minilm(precision=precision).encode(texts) for precision in precisions)
    print(
        f"least cosine of a vector in {precisions[1]} with its own in {precisions[0]}: "
        f"{(exact * short).sum(axis=1).min():.5f}"
    )


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()  # of this process: others on the machine do not count
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
