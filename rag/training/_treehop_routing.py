"""Fit what tells questions of several hops from others: MULTIHOP of rag/scoring/hop_weights.py.

Questions of train_multihop beside those of every set of train_retrieval_english, over one corpus of all
their passages and some more. Each set is judged by what the others fitted, for what comes to a search is of
none of them.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rag.core.protocols import SearchRequest
from rag.core.types import Hit
from rag.retrieval._hops import Hopper
from rag.retrieval._texts import PassageTexts
from rag.retrieval._walk import Limits, ranked, walk
from rag.scoring.hops import MODELS
from rag.scoring.routing import LIKELY, NUM_READ, brought, signals_of
from rag.training._logistic import fit, logits
from rag.training._treehop_pool import Pool, json_rows, multihop_questions, pool_of
from rag.training._treehop_weights import write_weights

__all__ = ["fit_routing"]

_DEPTH = 50
_MULTI = 100  # questions of each set of several hops
_SINGLE = 40  # of each other set
_OTHERS = 160  # passages more of each of these
_CUTS = (0.5, 0.38, LIKELY, 0.18)


@dataclass(frozen=True, slots=True)
class _Asked:
    source: str
    text: str
    needed: frozenset[str]
    is_multi: bool


def fit_routing(data: Path, work: Path, *, write: bool) -> dict[str, Any]:
    """Fit the weights, report what they say of sets that they were not fitted on, and write them."""
    asked, pool = _questions(data, work)
    hopper = Hopper(pool.store, PassageTexts(pool.find), None, by_names=True)
    found = [_found(pool, hopper, each) for each in asked]
    features = np.array([row for row, _, _ in found], dtype=np.float32)
    plain, hops = np.array([recalls for _, *recalls in found]).T
    is_multi = np.array([each.is_multi for each in asked])
    sources = np.array([each.source for each in asked])
    chances = np.zeros(len(asked))
    for source in set(sources):
        mine = sources == source
        fitted = fit(features[~mine], is_multi[~mine].astype(np.float32))
        chances[mine] = 1 / (1 + np.exp(-logits(fitted, features[mine])))
    several, one = chances[is_multi], chances[~is_multi]
    # The sets of several hops are alike in size, so each weighs alike in these means.
    recalls = {"always": hops, "never": plain} | {
        f"from {cut}": np.where(chances >= cut, hops, plain) for cut in _CUTS
    }
    report: dict[str, Any] = {  # Any: JSON
        "questions": [len(several), len(one)],
        "auc": round(float((several[:, None] > one[None, :]).mean()), 4),
        "recall@10, several hops": {way: round(each[is_multi].mean(), 4) for way, each in recalls.items()},
        "recall@10, one hop": {way: round(each[~is_multi].mean(), 4) for way, each in recalls.items()},
        "one hop told as several": {f"from {cut}": round((one >= cut).mean(), 4) for cut in _CUTS},
        "told as several": {
            source: round((chances[sources == source] >= LIKELY).mean(), 4)
            for source in dict.fromkeys(sources.tolist())
        },
        "weights": fit(features, is_multi.astype(np.float32)),
    }
    if write:
        write_weights({"MULTIHOP": report["weights"]})
    return report


def _questions(data: Path, work: Path) -> tuple[list[_Asked], Pool]:
    questions, numbers = multihop_questions(data)
    asked: list[_Asked] = []
    for question in questions:
        if sum(each.source == question.source for each in asked) < _MULTI:
            needed = frozenset(map(str, question.needed))
            asked.append(_Asked(question.source, question.text, needed, is_multi=True))
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in json_rows(data / "train_retrieval_english" / "train.jsonl.gz"):
        rows.setdefault(row["dataset"], []).append(row)
    chooser = random.Random(0)  # noqa: S311 -- a sample, no secret
    for source, of_source in sorted(rows.items()):
        for place, row in enumerate(chooser.sample(of_source, _SINGLE + _OTHERS)):
            passage = row["positive"]["title"], row["positive"]["text"]
            number = numbers.setdefault(passage, len(numbers))
            if place < _SINGLE:
                asked.append(_Asked(source, row["query"], frozenset([str(number)]), is_multi=False))
    return asked, pool_of(questions, numbers, work)


def _found(pool: Pool, hopper: Hopper, asked: _Asked) -> tuple[list[float], float, float]:
    """Give what the search says of a question, and its recall without hops and with them."""
    request = SearchRequest(asked.text, pool.snapshot)
    first = pool.first_search().retrieve(request, k=_DEPTH)
    tree = hopper.start(request, first, None)
    hits = ranked(walk(hopper, request, tree, MODELS[True, False], Limits(2, 5, 0.05)))
    before = [hit.chunk_id for hit in first]
    signals = signals_of(asked.text, [tree.texts[chunk_id].words for chunk_id in before[:NUM_READ]])
    gain = brought([(hit.chunk_id, hit.score) for hit in hits], before=before)
    return replace(signals, gain=gain).features(), _recall(first, asked), _recall(hits, asked)


def _recall(hits: Sequence[Hit], asked: _Asked) -> float:
    return len(asked.needed & {hit.chunk_id for hit in hits[:10]}) / len(asked.needed)
