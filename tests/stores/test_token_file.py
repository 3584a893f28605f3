"""What was written before is read as it is, and what rough scores leave out changes little."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from rag.core.types import Row
from rag.scoring.codebooks import train_codebook
from rag.scoring.residual import encode, nearest_centroids, products_table, rough_maxima
from rag.stores._token_file import TokenFile, write_tokens
from rag.stores._tokens import Packed, floats_of, rough_scores


def rows(count: int) -> list[Row]:
    rng = np.random.default_rng(0)
    tokens = rng.normal(size=(count, 6, 32)).astype(np.float32)
    tokens /= np.linalg.norm(tokens, axis=2, keepdims=True)
    vector = np.eye(1, 8, dtype=np.float32)[0]
    return [Row(str(n), "d.1", "word", vector, tokens=each) for n, each in enumerate(tokens)]


def test_a_segment_that_says_nothing_of_wholes_has_none(tmp_path: Path) -> None:
    packed = Packed.of(rows(20), coded_tokens=1)
    write_tokens(tmp_path / "tokens", packed)
    layout = tmp_path / "tokens" / "layout.npz"
    with np.load(layout) as arrays:
        older = {name: arrays[name] for name in arrays.files if name != "has_whole"}
    np.savez(layout, **older)
    file = TokenFile(tmp_path / "tokens")
    for row, kept in enumerate(packed.tokens):
        found = file.tokens(row)
        assert kept is not None
        assert found is not None
        assert not file.has_whole(row)
        np.testing.assert_array_equal(floats_of(found), floats_of(kept))


def test_rough_scores_are_of_tokens_at_near_centroids_and_of_first_ones() -> None:
    rng = np.random.default_rng(0)
    tokens = rng.normal(size=(600, 16)).astype(np.float32)
    book = train_codebook(tokens, num_centroids=64)
    codes = encode(book, tokens)
    nearest = nearest_centroids(book, codes)
    query = tokens[:1] + 0.1 * tokens[1:2]
    offsets = np.array([0, 4, 5, 30])
    rows = rng.permutation(600)[:30]
    table = products_table(book, query)
    near = np.argsort(-table[:64, 0])[:20]  # as many as each token of a query has
    of_tokens = rough_maxima(book, table, codes[rows], np.arange(31))[:, 0]
    expected = [
        max(of_tokens[n] for n in range(first, last) if n == first or nearest[rows[n]] in near)
        for first, last in pairwise(offsets.tolist())
    ]
    found = rough_scores(book, codes, nearest, None, query, rows, offsets)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert len({int(nearest[row]) for row in rows} - set(near.tolist())) > 5
