from typing import Literal

import numpy as np
import pytest

from rag.core.types import Vector
from rag.scoring.feedback import average, rocchio, superglobal


def unit(generator: np.random.Generator, *shape: int) -> Vector:
    vectors = generator.normal(size=shape).astype(np.float32)
    found: Vector = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return found


@pytest.fixture
def case() -> tuple[Vector, Vector]:
    generator = np.random.default_rng(0)
    return unit(generator, 16), unit(generator, 40, 16)


def plain(query: Vector, candidates: Vector, neighbours: int, beta: float, expansion: str) -> list[float]:
    """Step by step, as the paper says."""
    refined = []
    for number, one in enumerate(candidates):
        others = np.delete(candidates, number, axis=0)
        near = others[np.argsort(-(others @ one), kind="stable")[:neighbours]]
        weights = [1.0, *(beta * float(one @ other) for other in near)]
        total = sum(weight * member for weight, member in zip(weights, [one, *near], strict=True))
        refined.append(total / sum(weights))
    first = [float(query @ each) for each in refined]
    best = [refined[index] for index in np.argsort([-score for score in first])[: neighbours + 1]]
    widened = np.max(best, axis=0) if expansion == "max" else np.mean(best, axis=0)
    return [(one + float(widened @ each)) / 2 for one, each in zip(first, refined, strict=True)]


@pytest.mark.parametrize("expansion", ["max", "mean"])
@pytest.mark.parametrize(("neighbours", "beta"), [(9, 0.15), (3, 0.3), (60, 0.1)])
def test_it_is_what_the_paper_says(
    case: tuple[Vector, Vector], neighbours: int, beta: float, expansion: Literal["max", "mean"]
) -> None:
    query, candidates = case
    found = superglobal(query, candidates, neighbours=neighbours, beta=beta, expansion=expansion)
    np.testing.assert_allclose(found, plain(query, candidates, neighbours, beta, expansion), atol=1e-5)


@pytest.mark.parametrize("expansion", ["max", "mean"])
def test_the_order_of_candidates_does_not_matter(
    case: tuple[Vector, Vector], expansion: Literal["max", "mean"]
) -> None:
    query, candidates = case
    order = np.random.default_rng(1).permutation(len(candidates))
    found = superglobal(query, candidates, expansion=expansion)[order]
    np.testing.assert_allclose(superglobal(query, candidates[order], expansion=expansion), found, atol=1e-5)


def test_the_mean_does_not_depend_on_the_axes_and_the_maximum_does(case: tuple[Vector, Vector]) -> None:
    query, candidates = case
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(16, 16)))[0].astype(np.float32)
    for expansion, is_equal in (("mean", True), ("max", False)):
        plain_scores = superglobal(query, candidates, expansion=expansion)  # type: ignore[arg-type]
        turned = superglobal(query @ turn, candidates @ turn, expansion=expansion)  # type: ignore[arg-type]
        assert np.allclose(plain_scores, turned, atol=1e-4) == is_equal


def test_one_candidate_alone_is_judged(case: tuple[Vector, Vector]) -> None:
    query, candidates = case
    assert superglobal(query, candidates[:1]).shape == (1,)


def test_feedback_moves_the_query(case: tuple[Vector, Vector]) -> None:
    query, candidates = case
    feedback = candidates[:3]
    np.testing.assert_allclose(average(query, feedback), (query + feedback.sum(axis=0)) / 4, atol=1e-6)
    moved = rocchio(query, feedback, alpha=0.5, beta=0.25)
    np.testing.assert_allclose(moved, 0.5 * query + 0.25 * feedback.mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(rocchio(query, candidates[:0]), query)
    np.testing.assert_array_equal(average(query, candidates[:0]), query)
