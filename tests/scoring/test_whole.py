import numpy as np

from rag.core.types import Vector
from rag.scoring.whole import norms, of_bytes, similarities, to_bytes


def unit_rows(count: int) -> Vector:
    rows = np.random.default_rng(0).normal(size=(count, 128)).astype(np.float32)
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def test_no_number_is_off_by_more_than_a_step_of_its_vector() -> None:
    rows = unit_rows(500)
    step = np.abs(rows).max(axis=1, keepdims=True) / 127
    assert (np.abs(of_bytes(to_bytes(rows)) - rows) <= step).all()


def test_vectors_come_back_with_unit_norm() -> None:
    np.testing.assert_allclose(np.linalg.norm(of_bytes(to_bytes(unit_rows(50))), axis=1), 1.0, rtol=1e-6)


def test_the_ends_of_the_range_come_back() -> None:
    axes = np.eye(4, dtype=np.float32)
    np.testing.assert_array_equal(of_bytes(to_bytes(np.concatenate([axes, -axes]))), [*axes, *-axes])


def test_similarities_are_those_of_what_the_bytes_stand_for() -> None:
    codes, query = to_bytes(unit_rows(3000)), unit_rows(1)[0] * 0.4
    np.testing.assert_allclose(similarities(codes, norms(codes), query), of_bytes(codes) @ query, atol=1e-6)
