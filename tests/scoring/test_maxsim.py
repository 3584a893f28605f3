import numpy as np
import pytest

from rag.core.types import Vector
from rag.scoring.maxsim import join, maxsim


def unit_rows(rng: np.random.Generator, count: int, dim: int = 8) -> Vector:
    rows = rng.normal(size=(count, dim)).astype(np.float32)
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def plain(query: Vector, passage: Vector) -> float:
    return float(sum(max(q @ p for p in passage) for q in query))


@pytest.mark.parametrize("longest", [1, 7, 30_000])
def test_it_equals_the_loop_over_tokens(longest: int) -> None:
    rng = np.random.default_rng(longest)
    passages = [unit_rows(rng, int(rng.integers(1, longest + 1))) for _ in range(5)]
    query = unit_rows(rng, 4)
    expected = [float((query @ passage.T).max(axis=1).sum()) for passage in passages]
    np.testing.assert_allclose(maxsim(query, *join(passages)), expected, rtol=1e-5)
    short = [passage[:3] for passage in passages]
    np.testing.assert_allclose(maxsim(query, *join(short)), [plain(query, p) for p in short], rtol=1e-5)


def test_a_passage_matches_itself_with_one_for_every_token() -> None:
    passage = unit_rows(np.random.default_rng(0), 6)
    assert maxsim(passage, *join([passage])) == pytest.approx([6.0])


def test_the_order_of_tokens_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    query, passage = unit_rows(rng, 3), unit_rows(rng, 9)
    assert maxsim(query[::-1], *join([passage[::-1]])) == pytest.approx(maxsim(query, *join([passage])))


def test_a_query_without_tokens_gives_zeros() -> None:
    passages = [unit_rows(np.random.default_rng(0), 2)] * 3
    assert maxsim(np.zeros((0, 8), dtype=np.float32), *join(passages)).tolist() == [0.0, 0.0, 0.0]


def test_halves_are_read_as_numpy_reads_them() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.normal(size=(3000, 8)).astype(np.float16)
    tokens[0] = [0.0, -0.0, 6e-8, -6e-8, 6e-5, 65504, -65504, 1.0]  # also those below the least normal one
    offsets = np.array([0, 1, 2, 1500, 3000])
    query = rng.normal(size=(5, 8)).astype(np.float32)
    expected = maxsim(query, tokens.astype(np.float32), offsets)
    np.testing.assert_allclose(maxsim(query, tokens, offsets), expected, rtol=1e-6)
    alone = np.eye(8, dtype=np.float32)[2:3]
    assert maxsim(alone, tokens[:1], np.array([0, 1]))[0] == np.float32(tokens[0, 2])
