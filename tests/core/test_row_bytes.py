import io

import numpy as np

from rag.core.row_bytes import book_bytes, book_of_bytes
from rag.core.types import Codebook, TokenCodes
from rag.scoring.residual import decode


def test_a_codebook_comes_back_as_it_was() -> None:
    rng = np.random.default_rng(0)
    centroids, tables = rng.normal(size=(3, 4)), rng.normal(size=(256, 4))
    book = Codebook(
        np.eye(4, dtype=np.float32),
        centroids.astype(np.float16),
        np.array([1, 3]),
        tables.astype(np.float16),
        np.array([0.5, 2], dtype=np.float16),
        0.25,
    )
    back = book_of_bytes(book_bytes(book))
    for name in ("rotation", "centroids", "widths", "tables", "gains", "missed"):
        np.testing.assert_array_equal(getattr(back, name), getattr(book, name))


def test_a_codebook_without_gains_is_read_as_of_whole_numbers_of_centroids() -> None:
    buffer = io.BytesIO()
    tables = np.zeros((256, 2), dtype=np.float16)
    tables[7] = 0.5
    np.savez(
        buffer,
        rotation=np.eye(2, dtype=np.float32),
        centroids=np.eye(2, dtype=np.float16)[np.arange(2049) % 2],
        widths=np.array([2]),
        tables=tables,
        missed=np.array(0.25),
    )
    code = np.array([[0x00, 0x08, 7]], dtype=np.uint8)  # centroid 2048, which gains would cut off
    found = decode(TokenCodes(book_of_bytes(buffer.getvalue()), code))[0]
    np.testing.assert_allclose(found, np.array([1.5, 0.5]) / 2.5**0.5, atol=1e-3)


def test_a_codebook_of_steps_is_read_as_what_its_codes_stand_for() -> None:
    steps = np.zeros((3, 16), dtype=np.float32)
    steps[0], steps[1, :4], steps[2, :2] = np.linspace(-2, 2, 16), [-1.5, -0.5, 0.5, 1.5], [-0.75, 0.75]
    scales = np.linspace(1, 0.25, 32, dtype=np.float32)
    centroid = np.linspace(-1, 1, 32).astype(np.float16)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        rotation=np.eye(32, dtype=np.float32),
        centroids=centroid[None],
        scales=scales,
        group_bits=np.array([4, 2, 1, 0], dtype=np.uint8),
        steps=steps,
    )
    residual = [0x1F, 0, 0, 0x80, 0b00011011, 0, 0b10000001]
    code = np.array([[0, 0, *residual]], dtype=np.uint8)
    chosen = np.zeros((4, 8), dtype=np.float32)
    chosen[0] = steps[0][[1, 15, 0, 0, 0, 0, 8, 0]]
    chosen[1] = steps[1][[0, 1, 2, 3, 0, 0, 0, 0]]
    chosen[2] = steps[2][[1, 0, 0, 0, 0, 0, 0, 1]]
    vector = centroid.astype(np.float32) + chosen.ravel() * scales
    found = decode(TokenCodes(book_of_bytes(buffer.getvalue()), code))[0]
    np.testing.assert_allclose(found, vector / np.linalg.norm(vector), atol=1e-3)
