import numpy as np
import pytest

from benchmarks._fde import Fde, FdeShape
from rag.core.types import Vector
from rag.scoring.maxsim import join, maxsim

DIM = 16


def unit_rows(count: int, seed: int = 0) -> Vector:
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def alike(rows: Vector, seed: int) -> Vector:
    """Give the rows, each moved a little, some left out: a query that looks for them."""
    moved = rows + 0.2 * np.random.default_rng(seed).normal(size=rows.shape).astype(np.float32)
    unit: Vector = moved[: len(rows) // 2] / np.linalg.norm(moved[: len(rows) // 2], axis=1, keepdims=True)
    return unit


def passage_of(fde: Fde, tokens: Vector) -> Vector:
    encoded: Vector = fde.passages(*join([tokens]))[0]
    return encoded


def test_one_token_each_in_whole_blocks_gives_their_product_for_every_repetition() -> None:
    fde = Fde(DIM, FdeShape(num_repetitions=5, num_bits=3, block_dim=DIM))
    query, passage = unit_rows(1, 1), unit_rows(1, 2)
    # Empty cells of the passage take its only token, so every cell of the query meets it.
    assert fde.query(query) @ passage_of(fde, passage) == pytest.approx(5 * float(query[0] @ passage[0]))


def test_it_equals_the_construction_written_out() -> None:
    shape = FdeShape(num_repetitions=3, num_bits=2, block_dim=4, seed=5)
    fde, tokens = Fde(DIM, shape), unit_rows(6)
    expected = []
    for planes, signs in zip(fde._planes, fde._signs, strict=True):  # the random parts themselves
        assert signs is not None
        cells = [sum(int(token @ planes[:, bit] > 0) << bit for bit in range(2)) for token in tokens]
        for cell in range(4):
            inside = [token @ signs for token, of in zip(tokens, cells, strict=True) if of == cell]
            nearest = min(range(6), key=lambda index: ((cells[index] ^ cell).bit_count(), index))
            expected.append(np.mean(inside, axis=0) if inside else tokens[nearest] @ signs)
    np.testing.assert_allclose(passage_of(fde, tokens), np.concatenate(expected), atol=1e-5)


def test_a_query_is_additive_and_a_passage_does_not_mind_being_doubled() -> None:
    fde = Fde(DIM, FdeShape(final_dim=64))
    one, other = unit_rows(3, 1), unit_rows(4, 2)
    whole = np.concatenate([one, other])
    np.testing.assert_allclose(fde.query(whole), fde.query(one) + fde.query(other), atol=1e-4)
    doubled = np.concatenate([whole, whole])
    np.testing.assert_allclose(passage_of(fde, doubled), passage_of(fde, whole), atol=1e-4)


def test_many_passages_are_encoded_as_each_alone() -> None:
    fde = Fde(DIM, FdeShape(num_repetitions=2))
    passages = [unit_rows(count, count) for count in (1, 9, 20_000, 3)]
    together = fde.passages(*join(passages))
    np.testing.assert_allclose(together, [passage_of(fde, each) for each in passages], atol=1e-5)


def test_larger_encodings_follow_maxsim_more_closely() -> None:
    passages = [unit_rows(12, seed) for seed in range(60)]
    tokens, offsets = join(passages)

    def agreement(shape: FdeShape) -> float:
        fde = Fde(DIM, shape)
        encoded = fde.passages(tokens, offsets)
        queries = [alike(passages[seed], seed) for seed in range(20)]
        found = [np.corrcoef(encoded @ fde.query(q), maxsim(q, tokens, offsets))[0, 1] for q in queries]
        return float(np.mean(found))

    small, medium, large = (
        agreement(FdeShape(repetitions, 3, block_dim))
        for repetitions, block_dim in ((2, 4), (20, 8), (40, 16))
    )
    assert small < medium < large
    assert large > 0.9


def test_equal_shapes_give_equal_encodings_and_other_seeds_others() -> None:
    tokens = unit_rows(5)
    one, same, other = (Fde(DIM, FdeShape(seed=seed)).query(tokens) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_a_shape_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="16 dimensions"):
        Fde(DIM, FdeShape(block_dim=17))
