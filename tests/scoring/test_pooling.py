import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage  # type: ignore[import-untyped]
from scipy.spatial.distance import squareform  # type: ignore[import-untyped]

from rag.core.types import Vector
from rag.scoring.pooling import pool_tokens


def tokens_of(count: int, seed: int = 0) -> Vector:
    rows = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def test_a_factor_of_one_changes_nothing() -> None:
    tokens = tokens_of(9)
    np.testing.assert_array_equal(pool_tokens(tokens, factor=1), tokens)


@pytest.mark.parametrize(("count", "factor", "left"), [(41, 2, 21), (41, 3, 14), (5, 10, 2), (1, 2, 1)])
def test_the_number_of_vectors_is_exact(count: int, factor: int, left: int) -> None:
    pooled = pool_tokens(tokens_of(count), factor=factor)
    assert len(pooled) == left
    np.testing.assert_allclose(np.linalg.norm(pooled, axis=1), 1.0, rtol=1e-5)


def test_the_first_vector_is_left_alone() -> None:
    tokens = tokens_of(20)
    np.testing.assert_array_equal(pool_tokens(tokens, factor=4)[0], tokens[0])


def test_vectors_that_are_equal_become_one() -> None:
    tokens = tokens_of(4)[[0, 1, 1, 2, 2, 3, 3]]
    pooled = pool_tokens(tokens, factor=2)
    np.testing.assert_allclose(sorted(pooled.tolist()), sorted(tokens[[0, 1, 3, 5]].tolist()), atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_clusters_are_those_of_another_implementation(seed: int) -> None:
    tokens = tokens_of(30, seed)
    distances = 1.0 - tokens @ tokens.T
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), method="ward")
    labels = fcluster(tree, t=10, criterion="maxclust")
    means = [tokens[labels == label].mean(axis=0) for label in np.unique(labels)]
    expected = sorted((mean / np.linalg.norm(mean)).tolist() for mean in means)
    pooled = pool_tokens(tokens, factor=3, num_protected=0)
    np.testing.assert_allclose(sorted(pooled.tolist()), expected, atol=1e-5)


def test_a_factor_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        pool_tokens(tokens_of(3), factor=0)
