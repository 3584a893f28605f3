"""Fit how much each reason to follow a passage counts: rag/scoring/hop_weights.py.

Data: the questions of train_multihop that TreeHop was not trained on, over the pool of all paragraphs. A
passage that the question needs is right; an edge is right when it leads from one such passage to another.
Each of the three sources weighs alike. The report is by cross-validation over fifths of the questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rag.core.protocols import SearchRequest
from rag.core.types import Hit, Vector
from rag.encoders.minilm import Minilm
from rag.networks.treehop import TreeHop
from rag.retrieval._hops import Hopper
from rag.retrieval._texts import PassageTexts
from rag.retrieval._walk import Limits, ranked, walk
from rag.retrieval._windows import window_vectors
from rag.scoring import hop_weights
from rag.scoring.hops import HopModel
from rag.training._logistic import fit
from rag.training._treehop_pool import Pool, Question

__all__ = ["PARTS", "WAYS", "calibrate", "write_weights"]

_FOLDS = 5
_DEPTH = 50
_A_SOURCE = 60  # questions
_LIMITS = ((0, 0.05), (1, 0.05), (2, 0.05))  # hops, and the probability from which a passage is followed
WAYS = {  # reasons are of names, TreeHop's states, windows
    "NAMES_AND_VECTORS": (True, True, False),
    "NAMES": (True, False, False),
    "VECTORS": (False, True, True),
}
PARTS = {"STATES": (False, True, False), "WINDOWS": (False, False, True)}
"""What VECTORS is made of, each alone: reported, and not written."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A question with what its first search found, and the features of what may be followed."""

    question: Question
    needed: frozenset[str]
    first: list[Hit]
    vector: Vector
    nodes: Vector
    are_needed: Vector
    edges: Vector
    are_right: Vector


def calibrate(pool: Pool, ways: Sequence[str], *, write: bool) -> dict[str, Any]:
    """Fit the weights of some of WAYS and PARTS, report how they rank other questions, and write them."""
    questions = _some(pool.questions)
    vectors = pool.encoder.encode([question.text for question in questions])
    report: dict[str, Any] = {}  # Any: JSON
    fitted: dict[str, object] = {}
    for name in ways:
        by_names, by_states, by_windows = (WAYS | PARTS)[name]
        # Vectors alone go on from what vectors alone found.
        start, search = (
            ("first search", pool.first_search()) if by_names else ("dense", pool.dense_search())
        )
        firsts = [search.retrieve(_asked(pool, each.text), k=_DEPTH) for each in questions]
        report[start] = _by_source(questions, [[hit.chunk_id for hit in first] for first in firsts])
        vectors_of = partial(window_vectors, pool.encoder.encode) if by_windows else _no_windows
        hopper = Hopper(
            pool.store,
            PassageTexts(pool.find),
            TreeHop.shipped().hop if by_states else None,
            by_names=by_names,
            windows=None if by_names else vectors_of,
        )
        cases = [_case(pool, hopper, *each) for each in zip(questions, firsts, vectors, strict=True)]
        for hops, stop in _LIMITS:
            found = _cross_validated(pool, hopper, cases, Limits(hops, 5, stop))
            report[f"{name}, {hops} hops, stop {stop}"] = _by_source(questions, found)
        model = _fitted(cases)
        if name in WAYS:
            fitted[name] = (model.node, model.edge)
    report["weights"] = fitted
    if write:
        write_weights(fitted)
    return report


def _no_windows(text: str, words: int) -> Vector:
    return np.zeros((0, Minilm.dim), dtype=np.float32)


def write_weights(fitted: Mapping[str, object]) -> None:
    """Replace the weights of these names in hop_weights.py; the others stay."""
    path = Path(hop_weights.__file__)
    head = path.read_text(encoding="utf-8").split("\n\n", maxsplit=2)
    names = (*WAYS, "MULTIHOP")
    body = "\n".join(f"{name} = {fitted.get(name, getattr(hop_weights, name))!r}" for name in names)
    path.write_text(f"{head[0]}\n\n{head[1]}\n\n{body}\n", encoding="utf-8")


def _asked(pool: Pool, text: str) -> SearchRequest:
    return SearchRequest(text, pool.snapshot)


def _some(questions: Sequence[Question]) -> list[Question]:
    """Give the held-out questions, at most so many of each source."""
    kept: dict[str, list[Question]] = {}
    for question in questions:
        if question.is_held_out and len(kept.setdefault(question.source, [])) < _A_SOURCE:
            kept[question.source].append(question)
    return [question for each in kept.values() for question in each]


def _case(pool: Pool, hopper: Hopper, question: Question, first: list[Hit], vector: Vector) -> _Case:
    request = _asked(pool, question.text)
    tree = hopper.start(request, first, vector if hopper.is_of_vectors else None)
    found = list(tree.texts)
    needed = frozenset(map(str, question.needed))
    edges = hopper.hop(request, tree, [chunk_id for chunk_id in found if chunk_id in needed])
    return _Case(
        question,
        needed,
        first,
        vector,
        tree.nodes(found),
        np.array([chunk_id in needed for chunk_id in found], dtype=np.float32),
        np.concatenate([each.features for each in edges] or [np.zeros((0, 7), dtype=np.float32)]),
        np.array([child in needed for each in edges for child in each.children], dtype=np.float32),
    )


def _fitted(cases: Sequence[_Case]) -> HopModel:
    sources = [case.question.source for case in cases]
    most = max(map(sources.count, set(sources)))
    weighed = [case for case in cases for _ in range(round(most / sources.count(case.question.source)))]
    return HopModel(
        fit(
            np.concatenate([case.nodes for case in weighed]),
            np.concatenate([case.are_needed for case in weighed]),
        ),
        fit(
            np.concatenate([case.edges for case in weighed]),
            np.concatenate([case.are_right for case in weighed]),
        ),
    )


def _cross_validated(pool: Pool, hopper: Hopper, cases: Sequence[_Case], limits: Limits) -> list[list[str]]:
    """Give for each case the ranking by what the other folds fitted."""
    models = [
        _fitted([case for place, case in enumerate(cases) if place % _FOLDS != fold])
        for fold in range(_FOLDS)
    ]
    rankings = []
    for place, case in enumerate(cases):
        request = _asked(pool, case.question.text)
        tree = hopper.start(request, case.first, case.vector if hopper.is_of_vectors else None)
        chances = walk(hopper, request, tree, models[place % _FOLDS], limits)
        rankings.append([hit.chunk_id for hit in ranked(chances)])
    return rankings


def _by_source(
    questions: Sequence[Question], rankings: Sequence[Sequence[str]], *, k: int = 10
) -> dict[str, float]:
    """Give recall@k of each source and their mean."""
    shares: dict[str, list[float]] = {}
    for question, ranking in zip(questions, rankings, strict=True):
        needed = set(map(str, question.needed))
        shares.setdefault(question.source, []).append(len(needed & set(ranking[:k])) / len(needed))
    means = {source: float(np.mean(each)) for source, each in sorted(shares.items())}
    return {
        name: round(value, 4)
        for name, value in {**means, "mean": float(np.mean([*means.values()]))}.items()
    }
