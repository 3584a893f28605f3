"""One vector a long document: what truncation loses, and what each way to read on finds again.

Passkeys and needles (benchmarks/_long_context.py) at several lengths, then real long documents. Rows of
kind `one` keep a single vector of 384 dimensions a document; rows of kind `many` keep one for each of its
passages, or for each of their tokens; `words` is BM25. The needles are sentences of real questions, the
haystack are PEPs.

Parts of it, row by row: `python -m benchmarks.longcontext --length 8192 --documents 15 --questions 15`, or
`--data qa_longdoc_covidqa --documents 32 --strategy salient --strategy bm25`.
"""

import argparse
import gzip
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np

from benchmarks._long_context import LENGTHS, needles, passkeys
from benchmarks._machine import machine
from indexing.corpus import index_corpus
from rag.compose import DEFAULT, Grove
from rag.core.settings import Part, Settings
from rag.core.types import ParsedDocument, Vector
from rag.encoders.late import Late
from rag.encoders.long import Long, Strategy
from rag.encoders.minilm import Minilm
from rag.evaluation.datasets import Dataset, load_dataset
from rag.evaluation.metrics import ndcg
from rag.scoring.maxsim import join, maxsim
from rag.scoring.sentences import sentence_spans
from rag.training._late_pool import single_hop

__all__ = ["facts"]

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data"
PASSAGE_TOKENS = 200
_REAL = ("qa_longdoc_covidqa", "longdoc_qmsum")
_REAL_DOCUMENTS = 96
_MADE = ("passkeys", "needles")
_WHOLE_PASS = ("grouped", "recurrent", "interpolated")  # attention over 8192 tokens takes 20 s a document
STRATEGIES = (
    "truncate",
    "windows",
    "salient",
    *_WHOLE_PASS,
    "chunks",
    "late chunking",
    "late interaction",
    "bm25",
)
_Rank = Callable[[Dataset], Iterator[list[str]]]  # document ids a question, best first
_Parts = Callable[[str, Sequence[tuple[int, int]]], Vector]  # a text and its passages -> a vector each


def run(*, quick: bool) -> dict[str, Any]:
    """Measure; `quick` two lengths, fewer documents, no pass over all tokens, no real documents."""
    lengths = (512, 2048) if quick else LENGTHS
    documents, questions = (20, 15) if quick else (30, 30)
    strategies = [name for name in STRATEGIES if not (quick and name in _WHOLE_PASS)]
    rows = [
        row
        for length, task in product(lengths, _MADE)
        for row in _made(task, length, documents, questions, strategies)
    ]
    if not quick:
        rows += [row for name in _REAL for row in _real(name, _REAL_DOCUMENTS, strategies)]
    return {
        "machine": machine(),
        "settings": {"documents": documents, "questions": questions, "max_tokens": max(LENGTHS)},
        "rows": rows,
    }


def main() -> None:
    """Measure a part, and print each row when it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--length", type=int, action="append", default=[])
    parser.add_argument("--task", choices=_MADE, action="append", default=[], help="by default both")
    parser.add_argument("--data", choices=_REAL, action="append", default=[])
    parser.add_argument("--documents", type=int, default=30)
    parser.add_argument("--questions", type=int, default=30, help="of passkeys and needles")
    parser.add_argument(
        "--strategy", choices=STRATEGIES, action="append", default=[], help="by default all"
    )
    options = parser.parse_args()
    strategies = options.strategy or STRATEGIES
    print(json.dumps(machine()))
    for length, task in product(options.length, options.task or _MADE):
        for row in _made(task, length, options.documents, options.questions, strategies):
            print(json.dumps(row), flush=True)
    for name in options.data:
        for row in _real(name, options.documents, strategies):
            print(json.dumps(row), flush=True)


def _made(
    task: str, length: int, documents: int, questions: int, strategies: Sequence[str]
) -> Iterator[dict[str, object]]:
    if task == "passkeys":
        dataset = passkeys(length, documents=documents, questions=questions)
    else:
        dataset = needles(length, _haystack(), facts(DATA, documents), questions=questions)
    for name in strategies:
        yield _row(dataset, name, "success@1", k=1)


def _real(name: str, documents: int, strategies: Sequence[str]) -> Iterator[dict[str, object]]:
    dataset = _first(load_dataset(DATA / name), documents)
    for strategy in strategies:
        yield _row(dataset, strategy, "ndcg@10", k=10)


def _first(dataset: Dataset, count: int) -> Dataset:
    corpus = dataset.corpus[:count]
    ids = {entry.id for entry in corpus}
    questions = [question for question in dataset.questions if ids & set(dataset.relevant[question.id])]
    return replace(dataset, corpus=corpus, questions=questions)


def _way(name: str) -> tuple[str, _Rank]:
    """Give the kind of a strategy and how it ranks."""
    if name == "chunks":
        return "many", _many(_alone)
    if name == "late chunking":
        return "many", _many(Long("windows", max_tokens=1_000_000).encode_parts)
    if name == "late interaction":
        return "many", _tokens
    if name == "bm25":
        return "words", _words
    return "one", _one(Long(cast("Strategy", name)))


def _row(dataset: Dataset, name: str, metric: str, *, k: int) -> dict[str, object]:
    kind, rank = _way(name)
    started, cpu = time.perf_counter(), time.process_time()
    pairs = zip(dataset.questions, rank(dataset), strict=True)
    scores = [ndcg(ranking, dataset.relevant[question.id], k=k) for question, ranking in pairs]
    return {
        "task": dataset.name,
        "documents": len(dataset.corpus),
        "questions": len(scores),
        "strategy": name,
        "kind": kind,
        metric: round(float(np.mean(scores)), 4),
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }


def _one(encoder: Long) -> _Rank:
    def rank(dataset: Dataset) -> Iterator[list[str]]:
        vectors = encoder.encode([entry.text for entry in dataset.corpus])
        yield from _ranked(dataset, _minilm().encode([q.text for q in dataset.questions]) @ vectors.T)

    return rank


def _many(encode: _Parts) -> _Rank:
    """Score a document by the best of its passages, all of about 200 tokens."""

    def rank(dataset: Dataset) -> Iterator[list[str]]:
        minilm = _minilm()
        questions = minilm.encode([question.text for question in dataset.questions])
        best = []
        for entry in dataset.corpus:
            passages = encode(entry.text, _passages(entry.text))
            best.append((questions @ passages.T).max(axis=1))
        yield from _ranked(dataset, np.stack(best, axis=1))

    return rank


def _tokens(dataset: Dataset) -> Iterator[list[str]]:
    """Score a document by the best of its passages, token by token."""
    late = Late()
    questions = late.encode_queries([question.text for question in dataset.questions])
    best = []
    for entry in dataset.corpus:
        texts = [entry.text[start:end] for start, end in _passages(entry.text)]
        tokens, offsets = join(late.encode_passages(texts))
        best.append([maxsim(question, tokens, offsets).max() for question in questions])
    yield from _ranked(dataset, np.array(best).T)


def _alone(text: str, spans: Sequence[tuple[int, int]]) -> Vector:
    return _minilm().encode([text[start:end] for start, end in spans])


def _passages(text: str) -> list[tuple[int, int]]:
    return list(pairwise([*_minilm().token_starts(text)[::PASSAGE_TOKENS], len(text)]))


@cache
def _minilm() -> Minilm:
    return Minilm()


def _ranked(dataset: Dataset, scores: Vector) -> Iterator[list[str]]:
    for row in np.argsort(-scores, axis=1, kind="stable"):
        yield [dataset.corpus[number].id for number in row]


def _words(dataset: Dataset) -> Iterator[list[str]]:
    with TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home), chunker=Part(kind="whole")))
        corpus = ((entry.id, ParsedDocument(entry.text, "")) for entry in dataset.corpus)
        index_corpus(grove, corpus, collection=DEFAULT)
        for question in dataset.questions:
            found = grove.search(question.text, retriever="lexical", k=100)
            yield [passage.source for passage in found.passages]


def _haystack() -> list[str]:
    texts = [record["text"] for record in _records(DATA / "demo_peps" / "corpus.jsonl.gz")]
    return [text for text in texts if len(text) > 30_000]


def facts(data: Path, count: int) -> list[tuple[str, str]]:
    """Give first sentences of contexts that hold the answer to a question, each of another article.

    Of none that the late head was trained or chosen on.
    """
    seen = {query.text for query in single_hop(data)[1]}
    records = _records(data / "train_qa_english" / "train.jsonl.gz")
    asked = [record for record in records if record["dataset"] in ("qed_nq", "tydiqa_en")]
    random.Random(1).shuffle(asked)  # noqa: S311 -- no secret; 0 gave those that `salient` was chosen on
    found: dict[str, tuple[str, str]] = {}
    for record in asked:
        start, end = sentence_spans(record["context"])[0]
        sentence = record["context"][start:end].strip()
        is_new = record["question"] not in seen and record["answers"][0]["start"] < end
        if is_new and 8 <= len(sentence.split()) <= 35:
            found.setdefault(record["title"], (sentence, record["question"]))
        if len(found) == count:
            break
    return list(found.values())


def _records(path: Path) -> list[dict[str, Any]]:  # Any: the keys are named in the data set's README
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    main()
