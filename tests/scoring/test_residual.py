import numpy as np
import pytest

from rag.core.types import TokenCodes, Vector
from rag.scoring.codebooks import train_codebook
from rag.scoring.maxsim import maxsim
from rag.scoring.residual import (
    code_maxima,
    decode,
    encode,
    fits,
    nearest_centroids,
    products_table,
    rough_maxima,
)


def clustered(count: int, dim: int = 32) -> Vector:
    """Give unit vectors around 16 centres, as tokens are around their words."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(16, dim))
    rows = centres[rng.integers(0, 16, size=count)] + 0.5 * rng.normal(size=(count, dim))
    unit: Vector = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def coded(tokens: Vector, residual_bytes: int | None = None, num_centroids: int = 16) -> TokenCodes:
    codebook = train_codebook(tokens, num_centroids=num_centroids, residual_bytes=residual_bytes)
    return TokenCodes(codebook, encode(codebook, tokens))


@pytest.mark.parametrize(("residual_bytes", "least"), [(4, 0.93), (8, 0.98), (16, 0.995)])
def test_a_vector_comes_back_nearly_and_better_with_more_bits(residual_bytes: int, least: float) -> None:
    tokens = clustered(3000)
    back = decode(coded(tokens, residual_bytes))
    np.testing.assert_allclose(np.linalg.norm(back, axis=1), 1.0, rtol=1e-5)
    assert float((back * tokens).sum(axis=1).mean()) > least


@pytest.mark.parametrize("dim", [32, 20])
def test_a_code_is_the_centroid_the_gain_and_the_nearest_entry_of_each_byte(dim: int) -> None:
    tokens = clustered(500, dim)
    codes = coded(tokens)
    book = codes.codebook
    tables = book.tables.astype(np.float32)
    for token, back, nearest in zip(
        tokens[:20], decode(codes), nearest_centroids(book, codes.codes), strict=False
    ):
        turned = token @ book.rotation
        centroids = book.centroids.astype(np.float32)
        assert nearest == ((centroids - turned) ** 2).sum(axis=1).argmin()
        missed, gains = turned - centroids[nearest], book.gains.astype(np.float32)
        gain = gains[np.abs(np.log(np.linalg.norm(missed)) - np.log(gains)).argmin()]
        expected = centroids[nearest].copy()
        for last, width in zip(np.cumsum(book.widths), book.widths, strict=True):
            entries = gain * tables[:, last - width : last]
            distances = ((entries - missed[last - width : last]) ** 2).sum(axis=1)
            expected[last - width : last] += entries[distances.argmin()]
        unturned = expected @ book.rotation.T
        np.testing.assert_allclose(back, unturned / np.linalg.norm(expected), atol=1e-5)


def test_a_token_of_128_dimensions_takes_38_bytes() -> None:
    assert coded(clustered(300, dim=128)).codes.shape == (300, 38)


@pytest.mark.parametrize("residual_bytes", [16, 32, 64])
def test_one_two_and_four_bits_a_dimension_are_kept_to(residual_bytes: int) -> None:
    codes = coded(clustered(300, dim=128), residual_bytes)
    assert codes.codes.shape[1] == 2 + residual_bytes
    assert codes.codebook.widths.sum() == 128


@pytest.mark.parametrize(("num_centroids", "num_gains"), [(64, 32), (2049, 16)])
def test_gains_take_the_bits_that_centroids_leave(num_centroids: int, num_gains: int) -> None:
    tokens = clustered(num_centroids + 100, dim=8)
    codes = coded(tokens, num_centroids=num_centroids)
    assert len(codes.codebook.gains) == num_gains
    assert nearest_centroids(codes.codebook, codes.codes).max() < num_centroids
    assert float((decode(codes) * tokens).sum(axis=1).mean()) > 0.95


def test_no_dimension_gets_more_than_a_byte() -> None:
    assert coded(clustered(300), 100).codebook.widths.tolist() == [1] * 32


def test_dimensions_that_vary_more_share_a_byte_with_fewer() -> None:
    tokens = clustered(2000)
    tokens[:, :8] *= 4
    tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    widths = coded(tokens, 8).codebook.widths
    assert widths[0] < widths[-1]


def test_axes_on_which_tokens_are_larger_take_more_bytes_for_equal_residuals() -> None:
    rng = np.random.default_rng(0)
    centres = np.pad(rng.normal(size=(16, 8)), ((0, 0), (0, 24)))  # all in the first 8 of 32 dimensions
    tokens = (centres[rng.integers(0, 16, size=4000)] + 0.3 * rng.normal(size=(4000, 32))).astype(
        np.float32
    )
    book = coded(tokens, 8).codebook
    first = book.widths[0]
    assert first < book.widths[-1]
    assert (book.rotation[:8, :first] ** 2).sum() > 0.9 * first


def test_codes_are_scored_as_the_vectors_they_stand_for() -> None:
    tokens = clustered(60)
    codes, offsets = coded(tokens), np.array([0, 1, 20, 60])
    best = code_maxima(codes.codebook, codes.codes, tokens[:5], offsets)
    np.testing.assert_allclose(best.sum(axis=1), maxsim(tokens[:5], decode(codes), offsets), rtol=1e-5)


def test_rough_maxima_are_of_centroids_and_half_of_the_bytes_not_normed() -> None:
    tokens = clustered(60)
    codes, offsets = coded(tokens, 7), np.array([0, 1, 20, 60])
    book, query = codes.codebook, tokens[:5]
    rough = rough_maxima(book, products_table(book, query), codes.codes, offsets)
    vectors = book.centroids.astype(np.float32)[nearest_centroids(book, codes.codes)]
    gains = book.gains.astype(np.float32)[codes.codes[:, 1] >> 3, None]  # five of 16 bits
    first = 0
    for byte, width in enumerate(book.widths.tolist()[:4]):
        entries = book.tables[codes.codes[:, 2 + byte], first : first + width]
        vectors[:, first : first + width] += gains * entries
        first += width
    expected = np.maximum.reduceat(vectors @ (query @ book.rotation).T, offsets[:-1], axis=0)
    np.testing.assert_allclose(rough[:, :5], expected, atol=1e-5)
    np.testing.assert_array_equal(rough[:, 5:], 0)


def test_equal_seeds_give_equal_codes() -> None:
    np.testing.assert_array_equal(coded(clustered(400)).codes, coded(clustered(400)).codes)


def test_a_centroid_is_the_mean_of_its_tokens() -> None:
    tokens = clustered(32)
    book = coded(tokens, num_centroids=1).codebook
    np.testing.assert_allclose(book.centroids[0] @ book.rotation.T, tokens.mean(axis=0), atol=1e-3)


def test_a_codebook_fits_tokens_like_those_it_was_learnt_from() -> None:
    tokens = clustered(4000)
    book = coded(tokens[:2000]).codebook
    others = np.random.default_rng(1).normal(size=(500, 32)).astype(np.float32)
    assert fits(book, tokens[2000:])
    assert not fits(book, others / np.linalg.norm(others, axis=1, keepdims=True))
    assert not fits(book, tokens[:, :16])


def test_more_centroids_than_tokens_are_not_needed() -> None:
    codes = coded(clustered(3), num_centroids=100)
    assert codes.codebook.centroids.shape == (3, 32)
    np.testing.assert_allclose(decode(codes), clustered(3), atol=2e-3)


def test_no_tokens_have_no_codes() -> None:
    codebook = coded(clustered(50)).codebook
    assert decode(TokenCodes(codebook, encode(codebook, clustered(50)[:0]))).shape == (0, 32)


@pytest.mark.parametrize(("num_centroids", "residual_bytes"), [(0, 8), (65_537, 8), (4, 0)])
def test_other_numbers_are_refused(num_centroids: int, residual_bytes: int) -> None:
    with pytest.raises(ValueError, match="centroids and a byte"):
        coded(clustered(5), residual_bytes, num_centroids)
