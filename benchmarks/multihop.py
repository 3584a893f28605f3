"""Multi-hop search at equal k: hops against one step, every part apart, and a language model's rewriting.

Recall@10 of the multihop_* sets, with their titles and with all titles removed, each way beside the
search that it starts from, with a paired bootstrap interval of the gain. Then sets of single-hop questions,
on which the routed hops must lose nothing: routed by the retriever alone, or by the graph, which has other
ways besides (each of its searches is made anew, so its times are no others'). Nothing was trained on these
sets or chosen by them. `hops_ms` is the time of all hops of a question (two, but where the row says so),
encoding aside; `hops_cpu_ms` what of it the thread computed, which other work beside it does not lengthen
by waiting.

The first search of a question is made once for all ways that start from it; its time counts for each.
`rag bench multihop` runs all of it; `python -m benchmarks.multihop --sets SET... --ways WAY...` a part,
each way beside its start, and `--iterated N` also what the model writes for the first N questions of a set.
With `--kept FILE` each finished row is kept in the file, and a later run goes on behind it.
"""

import argparse
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from api.evaluation import IndexedDataset
from benchmarks._hop_ways import ByTheGraph, Once, Times
from benchmarks._iterative import iterative
from benchmarks._machine import machine
from rag.compose import DEFAULT
from rag.core.protocols import Retriever
from rag.core.settings import Part, Settings
from rag.core.timings import Timings
from rag.evaluation.datasets import Dataset, load_dataset
from rag.evaluation.metrics import recall
from rag.retrieval._attempts import retrieve
from rag.retrieval.treehop import Treehop

REPOSITORY = Path(__file__).parents[1]
DATA = Path(os.environ.get("GROVE_SHARED", REPOSITORY.parent / "shared")) / "data"
WORK = REPOSITORY / ".work" / "multihop"
SETS = ("multihop_2wiki", "multihop_hotpotqa", "multihop_musique")
SINGLE = ("qa_nq_gold", "ir_cranfield", "ir_cisi", "ir_scifact")
_K = 10
_CHUNKS = 4  # hits asked for each document, as `rag eval retrieval` does


def _hops(start: str, **options: object) -> Part:
    return Part(kind="treehop", options={"retriever": start, **options})


_BY_THE_GRAPH = "treehop, by the graph"
WAYS = {  # name -> where it starts, and what it is
    "lexical": ("lexical", None),
    "dense": ("dense", None),
    "hybrid": ("hybrid", None),
    "one step": ("one-step", None),
    "treehop": ("one-step", _hops("one-step")),
    "treehop, routed": ("one-step", _hops("one-step", when="multihop")),
    _BY_THE_GRAPH: ("one-step", _hops("one-step")),
    "names and vectors": ("one-step", _hops("one-step", parts=["names", "vectors"])),
    "vectors": ("one-step", _hops("one-step", parts=["vectors"])),
    "vectors over dense": ("dense", _hops("dense", parts=["vectors"])),
    "names over words": ("lexical", _hops("lexical", parts=["names"])),
    "no hop, same order": ("one-step", _hops("one-step", hops=0)),
    "1 hop": ("one-step", _hops("one-step", hops=1)),
    "3 hops": ("one-step", _hops("one-step", hops=3)),
    "no stop rule": ("one-step", _hops("one-step", stop=0.0)),
}
_FEW = (
    *("lexical", "dense", "one step", "treehop", "treehop, routed", _BY_THE_GRAPH),
    *("vectors", "names and vectors"),
)
_SINGLE = ("one step", "treehop", "treehop, routed", _BY_THE_GRAPH)
_ITERATIVE = "iterative (language model)"


@dataclass(frozen=True, slots=True)
class _Found:
    """Recall of each question by one way, and the times of each, in milliseconds."""

    recalls: list[float]
    times: list[float]
    hops: list[float]  # without the encoding of windows
    cpu: list[float]  # of these, what the thread computed
    windows: list[float]  # that encoding


def run(*, quick: bool) -> dict[str, Any]:
    """Measure everything but what a model writes; `quick` 12 questions a set among 300 documents."""
    rows: list[dict[str, Any]] = []
    for name in SETS:
        if quick:
            dataset = _sample(load_dataset(DATA / name, limit=12), 300)
            rows += _rows(dataset, _FEW, iterated=1, kept=_Kept(None))
        else:
            rows += _of_set(name, tuple(WAYS), iterated=0, untitled=True, kept=_Kept(None))
    for name in () if quick else SINGLE:
        rows += _of_set(name, _SINGLE, iterated=0, untitled=False, kept=_Kept(None))
    return _result(rows, quick=quick)


def _part(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure the sets and ways that were named, without titles too where that is asked for."""
    rows: list[dict[str, Any]] = []
    kept = _Kept(arguments.kept)
    wanted = set(arguments.ways) | {start for start, _ in (WAYS[way] for way in arguments.ways)}
    ways = [
        way for way, (start, part) in WAYS.items() if way in wanted or (part is None and start in wanted)
    ]
    for name in arguments.sets:
        of_set = [way for way in ways if name in SETS or way in _SINGLE]
        rows += _of_set(name, of_set, iterated=arguments.iterated, untitled=arguments.untitled, kept=kept)
    return _result(rows, quick=False)


def _of_set(
    name: str, ways: Sequence[str], *, iterated: int, untitled: bool, kept: "_Kept"
) -> Iterator[dict[str, Any]]:
    dataset = load_dataset(DATA / name, limit=None if name in SETS else 300)
    yield from _rows(dataset, ways, iterated=iterated, kept=kept)
    if untitled and name in SETS:
        few = [way for way in ways if way in (*_FEW, "names over words")]
        yield from _rows(_untitled(dataset), few, iterated=0, kept=kept)


class _Kept:
    """What each way found for each question, a line a way in a file, so that a run can go on."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._found: dict[tuple[str, str], _Found] = {}
        if path is not None and path.exists():
            for line in path.read_text().splitlines():
                name, way, found = json.loads(line)
                self._found[name, way] = _Found(**found)

    def found(self, name: str, way: str, find: Callable[[], _Found]) -> _Found:
        """Give what was kept, or find it and keep it."""
        if (name, way) not in self._found:
            self._found[name, way] = found = find()
            if self._path is not None:
                with self._path.open("a") as file:
                    file.write(json.dumps([name, way, asdict(found)]) + "\n")
        return self._found[name, way]


def _result(rows: list[dict[str, Any]], *, quick: bool) -> dict[str, Any]:
    settings = {"k": _K, "quick": quick, "interval": "95%, paired bootstrap over questions"}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _rows(dataset: Dataset, ways: Sequence[str], *, iterated: int, kept: _Kept) -> Iterator[dict[str, Any]]:
    parts = {_key(name): part for name, (_, part) in WAYS.items() if part is not None}
    settings = Settings(retrievers=parts)
    indexed = IndexedDataset(settings, dataset, DATA / dataset.name, work=WORK, retrievers=["hybrid+late"])
    indexed.index(lambda _: None)
    found: dict[str, _Found] = {}
    starts = {start: name for name, (start, part) in WAYS.items() if part is None}
    once = {start: Once(indexed.grove.retriever(start)) for start in starts}
    for name in ways:
        start, part = WAYS[name]
        way: Retriever = once[start]
        if part is not None:
            hops = indexed.grove.retriever(_key(name))
            assert isinstance(hops, Treehop)
            by_the_graph = name == _BY_THE_GRAPH
            way = ByTheGraph(indexed.grove) if by_the_graph else replace(hops, retriever=once[start])
        found[name] = kept.found(dataset.name, name, partial(_asked, indexed, dataset, way))
        base = found.get(starts[start])
        yield _row(dataset, name, found[name], None if part is None else base)
    if iterated:
        few = replace(dataset, questions=dataset.questions[:iterated])
        base = found["one step"]
        head = _Found(base.recalls[:iterated], base.times[:iterated], [], [], [])
        rewritten = kept.found(dataset.name, f"{_ITERATIVE} {iterated}", partial(_rewritten, indexed, few))
        yield _row(few, _ITERATIVE, rewritten, head)


def _key(name: str) -> str:
    return f"bench {name}"


def _asked(indexed: IndexedDataset, dataset: Dataset, way: Retriever) -> _Found:
    found = _Found([], [], [], [], [])
    catalog = indexed.grove.catalog
    search = partial(retrieve, catalog, way, collection=DEFAULT, condition=None, k=_K * _CHUNKS)
    search(
        text=" ".join(dataset.questions[0].text.split()[::-1]), timings=Timings()
    )  # loads what is loaded once
    for question in dataset.questions:
        timings = Times()
        started = time.perf_counter()
        passages = catalog.passages(search(text=question.text, timings=timings))
        elapsed = 1000 * (time.perf_counter() - started)
        took = timings.as_dict()
        found.times.append(elapsed + took.get("before", 0.0))
        found.windows.append(took.get("windows", 0.0))
        found.hops.append(took.get("hops", 0.0) - found.windows[-1])
        found.cpu.append(took.get("hops cpu", 0.0) - took.get("windows cpu", 0.0))
        sources = list(dict.fromkeys(passage.source for passage in passages))
        found.recalls.append(recall(sources, dataset.relevant[question.id], k=_K))
    return found


def _rewritten(indexed: IndexedDataset, dataset: Dataset) -> _Found:
    found, generator = _Found([], [], [], [], []), indexed.grove.generator("transformers")
    for question in dataset.questions:
        started = time.perf_counter()
        sources = iterative(
            lambda text: indexed.grove.search(text, retriever="one-step", k=_K).passages,
            generator,
            question.text,
        )
        found.times.append(1000 * (time.perf_counter() - started))
        found.recalls.append(recall(sources, dataset.relevant[question.id], k=_K))
    return found


def _row(dataset: Dataset, name: str, found: _Found, base: _Found | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "set": dataset.name,
        "retriever": name,
        "recall@10": round(float(np.mean(found.recalls)), 4),
        "n": len(found.recalls),
        "p50_ms": round(median(found.times), 1),
    }
    if any(found.hops):
        row |= {"hops_ms": round(median(found.hops), 1), "hops_cpu_ms": round(median(found.cpu), 1)}
    if any(found.windows):
        row["windows_ms"] = round(median(found.windows), 1)
    if base is not None:
        row |= _gain(np.array(found.recalls) - np.array(base.recalls))
    return row


def _gain(differences: np.ndarray) -> dict[str, float]:
    """Give the mean gain and its 95% interval over questions drawn again and again."""
    drawn = np.random.default_rng(0).integers(0, len(differences), (2000, len(differences)))
    low, high = np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5])
    named = {"gain": differences.mean(), "low": low, "high": high}
    return {name: round(float(value), 4) for name, value in named.items()}


def _untitled(dataset: Dataset) -> Dataset:
    corpus = [replace(entry, title="") for entry in dataset.corpus]
    return replace(dataset, name=f"{dataset.name} without titles", corpus=corpus)


def _sample(dataset: Dataset, size: int) -> Dataset:
    """Keep what the questions need, and other documents by hash up to the size."""
    wanted = {entry for question in dataset.questions for entry in dataset.relevant[question.id]}
    others = sorted(
        (entry.id for entry in dataset.corpus if entry.id not in wanted),
        key=lambda each: hashlib.sha256(each.encode()).digest(),
    )
    kept = wanted | set(others[: max(0, size - len(wanted))])
    corpus = [entry for entry in dataset.corpus if entry.id in kept]
    return replace(dataset, name=f"{dataset.name} ({size} documents)", corpus=corpus)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=[*SETS, *SINGLE], default=list(SETS))
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--iterated", type=int, default=0, help="questions a set; beside `one step`")
    parser.add_argument("--kept", type=Path, help="a file of finished rows, to go on behind them")
    parser.add_argument("--untitled", action="store_true", help="each set without titles, too")
    print(json.dumps(_part(parser.parse_args()), indent=1))
