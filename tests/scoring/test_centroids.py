import numpy as np

from rag.core.types import Vector
from rag.scoring.centroids import CentroidLists, near_centroids
from rag.scoring.maxsim import maxsim


def unit_rows(count: int, seed: int) -> Vector:
    rows = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def lists_of(nearest: list[int], offsets: list[int], num_centroids: int) -> CentroidLists:
    return CentroidLists.of(
        np.array(nearest, dtype=np.uint16), np.array(offsets), num_centroids=num_centroids
    )


def test_with_every_centroid_probed_it_is_the_maxsim_of_the_centroids() -> None:
    rng = np.random.default_rng(0)
    centroids, query = unit_rows(10, 1), unit_rows(4, 2)
    nearest, offsets = rng.integers(0, 10, size=50), np.array([0, 3, 10, 11, 40, 50])
    lists = CentroidLists.of(nearest.astype(np.uint16), offsets, num_centroids=10)
    estimated = lists.scores(query @ centroids.T, num_probes=10)
    np.testing.assert_allclose(estimated, maxsim(query, centroids[nearest], offsets), rtol=1e-5)


def test_what_is_in_no_probed_centroid_gets_the_next_ones_similarity() -> None:
    lists = lists_of([0, 1, 2], [0, 1, 2, 3], num_centroids=3)
    assert lists.scores(np.array([[0.9, 0.5, 0.1]], dtype=np.float32), num_probes=1).tolist() == [
        np.float32(0.9),
        np.float32(0.5),
        np.float32(0.5),
    ]


def test_one_centroid_is_all_there_is() -> None:
    lists = lists_of([0, 0], [0, 1, 2], num_centroids=1)
    assert lists.scores(np.array([[0.5], [0.25]], dtype=np.float32), num_probes=32).tolist() == [0.75, 0.75]


def test_a_centroid_is_near_when_it_is_among_the_first_of_any_row() -> None:
    similarity = unit_rows(5, 3)[:, :7]
    near = near_centroids(similarity, count=2)
    assert set(np.flatnonzero(near)) == {int(each) for row in similarity for each in np.argsort(-row)[:2]}


def test_all_are_near_when_there_are_no_more_than_asked_for() -> None:
    assert near_centroids(unit_rows(2, 4), count=8).all()
    assert near_centroids(unit_rows(2, 4), count=100).all()
