"""Token vectors compressed: the nearest centroid, and bytes for what it misses.

Residuals are turned to their principal axes, and each byte stands for a few of these (product.py): two
bytes for the centroid and, by default, 36 for the residual of 128 dimensions. The bits that the centroid's
number leaves free tell the gain, how large the residual is; bytes stand for its shape alone. Queries are
turned instead of turning passages back. What codes are made with is learnt in codebooks.py.

Source: Santhanam et al., ColBERTv2, NAACL 2022, section 3.3, https://arxiv.org/abs/2112.01488. There every
dimension has the same bits and its steps are quantiles: less near for the same bytes
(docs/experiments/multi-vector.md). Shape and gain: Sabin and Gray, Product Code Vector Quantizers for
Waveform and Voice Coding, IEEE Trans. ASSP, 1984, https://doi.org/10.1109/TASSP.1984.1164346.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Codebook, TokenCodes, Vector
from rag.scoring.maxsim import maxima
from rag.scoring.product import nearest_entries
from rag.scoring.whole import of_bytes

__all__ = [
    "HEAD_BITS",
    "centroid_similarity",
    "code_bytes",
    "code_maxima",
    "decode",
    "encode",
    "fits",
    "levels_of",
    "nearest_centroids",
    "nearest_to",
    "products_table",
    "rough_maxima",
]

HEAD_BITS = 16  # the centroid's number, and above it that of the gain
_HEAD_BYTES = HEAD_BITS // 8
_AT_ONCE = 8192
_NEAREST_AT_ONCE = 256  # with all tokens at once their distances leave the cache: 1.5 times as long
_FITTING = 2048  # tokens to judge by whether a codebook fits
_FIT = 1.25  # of the same text other tokens are 1.1 times as far as those it was learnt from


def encode(codebook: Codebook, tokens: Vector) -> NDArray[np.uint8]:
    """Give (T, bytes of a code) uint8 of unit vectors, (T, D)."""
    centroids = codebook.centroids.astype(np.float32)
    parts = [_coded(codebook, centroids, part @ codebook.rotation) for part in _slices(tokens)]
    return np.concatenate(parts) if parts else np.zeros((0, code_bytes(codebook)), dtype=np.uint8)


def code_bytes(codebook: Codebook) -> int:
    """Give the bytes of a token's code."""
    return _HEAD_BYTES + len(codebook.widths)


def fits(codebook: Codebook, tokens: Vector) -> bool:
    """Say whether tokens, (T, D), are about as near to the centroids as those that it was learnt from."""
    if len(codebook.rotation) != tokens.shape[1]:
        return False
    turned = tokens[:: max(1, len(tokens) // _FITTING)].astype(np.float32) @ codebook.rotation
    centroids = codebook.centroids.astype(np.float32)
    missed = turned - centroids[nearest_to(turned, centroids)]
    return float((missed**2).sum(axis=1).mean()) <= _FIT * codebook.missed


def decode(tokens: TokenCodes) -> Vector:
    """Give (T, D) float32 of unit norm, the vector of the whole first if there is one."""
    turned, norms = _turned(tokens.codebook, tokens.codes)
    unit: Vector = turned @ tokens.codebook.rotation.T / norms[:, None]
    return unit if tokens.whole is None else np.concatenate([of_bytes(tokens.whole[None]), unit])


def code_maxima(
    codebook: Codebook, codes: NDArray[np.uint8], query: Vector, offsets: NDArray[np.int64]
) -> Vector:
    """Give what each token of a query, (Q, D), finds best in ragged passages, (N, Q)."""
    turned, norms = _turned(codebook, codes)
    similarity = turned @ (query @ codebook.rotation).T
    similarity /= norms[:, None]
    return maxima(similarity, offsets)


def products_table(codebook: Codebook, query: Vector) -> Vector:
    """Give what centroids and the values of bytes add to the inner products with a query's tokens.

    Returns:
        (K + 256 B, Q and some columns of zeros): sums take less time with rows of 16 numbers. B is half
        of the bytes, the first ones, whose axes matter most.

    Source: Scheerer et al., WARP, SIGIR 2025, section 4.4 (implicit decompression).
    """
    centroids, tables = _tables(codebook)
    turned = np.pad(query @ codebook.rotation, ((0, -len(query) % 16), (0, 0)))
    parts = [centroids @ turned.T]
    first, left = 0, _rough_bytes(codebook)
    for table in tables:
        entries = table.reshape(-1, 256, table.shape[1])[:left]
        if not len(entries):
            break
        size = len(entries) * table.shape[1]
        of_bytes = turned[:, first : first + size].T.reshape(len(entries), table.shape[1], -1)
        parts.append((entries @ of_bytes).reshape(len(entries) * 256, -1))
        first, left = first + size, left - len(entries)
    return np.concatenate(parts)


def rough_maxima(
    codebook: Codebook, table: Vector, codes: NDArray[np.uint8], offsets: NDArray[np.int64]
) -> Vector:
    """Give about what `code_maxima` does, and as many columns as the table: of vectors that are not normed.

    Args:
        codebook: of the codes.
        table: of the codebook and a query, by `products_table`.
        codes: (T, bytes of a code).
        offsets: (N + 1,) where passages begin, ascending strictly.
    """
    import torch  # noqa: PLC0415 -- who has codes has a query that a model made, and has waited for it

    num_bytes = _rough_bytes(codebook)
    places = np.empty((len(codes), num_bytes), dtype=np.int32)
    starts = np.arange(len(table) - 256 * num_bytes, len(table), 256, dtype=np.int32)
    np.add(codes[:, _HEAD_BYTES : _HEAD_BYTES + num_bytes], starts, out=places)
    bag = torch.nn.functional.embedding_bag
    products: Vector = bag(torch.from_numpy(places), torch.from_numpy(table), mode="sum").numpy()
    products *= _gains_of(codebook, codes)
    products += table.take(nearest_centroids(codebook, codes), axis=0)
    return maxima(products, offsets)


def _rough_bytes(codebook: Codebook) -> int:
    return -(-len(codebook.widths) // 2)


def centroid_similarity(codebook: Codebook, query: Vector) -> Vector:
    """Give the inner products, (Q, K), of a query's tokens, (Q, D), and the centroids."""
    turned: Vector = query @ codebook.rotation
    return (turned @ _tables(codebook)[0].T).astype(np.float32, copy=False)


def nearest_centroids(codebook: Codebook, codes: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Give each token's centroid, (T,)."""
    return _heads(codes) & np.uint16((1 << _centroid_bits(codebook.gains)) - 1)


def _gains_of(codebook: Codebook, codes: NDArray[np.uint8]) -> Vector:
    """Give what each token's bytes are multiplied by, (T, 1)."""
    levels = _heads(codes).astype(np.int64) >> _centroid_bits(codebook.gains)
    return codebook.gains.astype(np.float32)[levels, None]


def _heads(codes: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Give the first bytes of codes as numbers, (T,)."""
    heads: NDArray[np.uint16] = np.ascontiguousarray(codes[:, :_HEAD_BYTES]).view("<u2")[:, 0]
    return heads


def _centroid_bits(gains: NDArray[np.float16]) -> int:
    return HEAD_BITS - (len(gains) - 1).bit_length()


def levels_of(gains: Vector, residuals: Vector) -> NDArray[np.int64]:
    """Give the number of the gain nearest to the size of each residual, (T,)."""
    sizes = np.linalg.norm(residuals, axis=1)
    levels: NDArray[np.int64] = np.searchsorted(np.sqrt(gains[1:] * gains[:-1]), sizes)
    return levels


def _turned(codebook: Codebook, codes: NDArray[np.uint8]) -> tuple[Vector, Vector]:
    """Give the vectors in the space of the centroids, (T, D), and their norms, (T,)."""
    centroids, tables = _tables(codebook)
    vectors = np.zeros((len(codes), len(codebook.rotation)), dtype=np.float32)
    first, byte = 0, _HEAD_BYTES
    for table in tables:
        count = len(table) // 256
        places = codes[:, byte : byte + count] + np.arange(0, len(table), 256)
        size = count * table.shape[1]
        vectors[:, first : first + size] = table.take(places, axis=0).reshape(len(codes), size)
        first, byte = first + size, byte + count
    vectors *= _gains_of(codebook, codes)
    vectors += centroids.take(nearest_centroids(codebook, codes), axis=0)
    return vectors, np.sqrt(np.einsum("te,te->t", vectors, vectors))


@lru_cache(maxsize=64)
def _tables(codebook: Codebook) -> tuple[Vector, list[Vector]]:
    """Give the centroids, and what each run of bytes of one width stands for, (bytes * 256, width)."""
    tables = []
    first = 0
    for width, run in groupby(codebook.widths.tolist()):
        size = width * len(list(run))
        entries = codebook.tables[:, first : first + size].reshape(256, -1, width)
        tables.append(entries.swapaxes(0, 1).reshape(-1, width).astype(np.float32))
        first += size
    return codebook.centroids.astype(np.float32), tables


def _coded(codebook: Codebook, centroids: Vector, turned: Vector) -> NDArray[np.uint8]:
    nearest = nearest_to(turned, centroids)
    residuals = turned - centroids[nearest]
    gains = codebook.gains.astype(np.float32)
    levels = levels_of(gains, residuals)
    residuals /= gains[levels][:, None]
    heads = nearest | levels << _centroid_bits(codebook.gains)
    of_heads = heads.astype("<u2").view(np.uint8).reshape(-1, _HEAD_BYTES)
    of_residuals = nearest_entries(codebook.tables.astype(np.float32), codebook.widths, residuals)
    return np.concatenate([of_heads, of_residuals], axis=1)


def nearest_to(tokens: Vector, centroids: Vector) -> NDArray[np.int64]:
    """Give the centroid at the least distance from each token, (T,)."""
    half_squares = np.einsum("ke,ke->k", centroids, centroids) / 2
    columns = np.ascontiguousarray(centroids.T)
    found = np.empty(len(tokens), dtype=np.int64)
    nearness = np.empty((_NEAREST_AT_ONCE, len(centroids)), dtype=np.float32)
    for start in range(0, len(tokens), _NEAREST_AT_ONCE):
        some = tokens[start : start + _NEAREST_AT_ONCE].astype(np.float32, copy=False)
        of_some = np.matmul(some, columns, out=nearness[: len(some)])
        np.subtract(of_some, half_squares, out=of_some)
        of_some.argmax(axis=1, out=found[start : start + len(some)])
    return found


def _slices(tokens: Vector) -> Iterator[Vector]:
    return (
        tokens[start : start + _AT_ONCE].astype(np.float32) for start in range(0, len(tokens), _AT_ONCE)
    )
