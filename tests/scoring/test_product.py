import numpy as np
from numpy.typing import NDArray

from rag.core.types import Vector
from rag.scoring.product import learn_tables, nearest_entries, widths_for


def rows(count: int, scales: Vector) -> Vector:
    return np.random.default_rng(0).normal(size=(count, len(scales))).astype(np.float32) * scales


def back(tables: Vector, widths: NDArray[np.int64], data: Vector) -> Vector:
    codes = nearest_entries(tables, widths, data)
    found: Vector = np.take_along_axis(tables, np.repeat(codes, widths, axis=1).astype(np.int64), axis=0)
    return found


def test_widths_are_those_of_least_error_among_all() -> None:
    variances = 0.6 ** np.arange(9)

    def error(widths: tuple[int, int, int]) -> float:
        parts = np.split(np.log(variances), np.cumsum(widths)[:-1])
        return sum(len(part) * float(np.exp(part.mean())) * 4 ** (-8 / len(part)) for part in parts)

    splits = [(a, b, 9 - a - b) for a in range(1, 8) for b in range(1, 9 - a)]
    assert tuple(widths_for(variances, 3).tolist()) == min(splits, key=error)


def test_a_byte_names_the_nearest_entry() -> None:
    data = rows(600, np.ones(5, dtype=np.float32))
    widths = np.array([2, 3])
    tables = learn_tables(data, widths, np.random.default_rng(0))
    codes = nearest_entries(tables, widths, data)
    for row, code in zip(data[:50], codes, strict=False):
        assert code[0] == ((tables[:, :2] - row[:2]) ** 2).sum(axis=1).argmin()
        assert code[1] == ((tables[:, 2:] - row[2:]) ** 2).sum(axis=1).argmin()


def test_entries_err_less_than_the_best_steps_of_each_dimension() -> None:
    data = rows(40_000, np.ones(4, dtype=np.float32))
    widths = np.array([4])  # two bits a dimension: steps err by 0.1175 (Max, 1960, table I)
    tables = learn_tables(data, widths, np.random.default_rng(0))
    missed = data - back(tables, widths, data)
    assert float((missed**2).mean()) < 0.1175


def test_few_rows_come_back_as_they_are() -> None:
    data = rows(3, np.ones(4, dtype=np.float32))
    widths = np.array([4])
    tables = learn_tables(data, widths, np.random.default_rng(0))
    np.testing.assert_allclose(back(tables, widths, data), data)
