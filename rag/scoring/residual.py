"""Token vectors compressed: the nearest centroid, and bytes for what it misses.

Residuals are turned to their principal axes, and each byte stands for a few of these (product.py): two
bytes for the centroid and, by default, 36 for the residual of 128 dimensions. An axis on which tokens are
large is worth more bytes: queries are large there too, and its errors change scores most. Centroids are
those of least squared error: such of unit norm, chosen by inner product, cost 3 points of recall@10
(docs/experiments/multi-vector.md). Queries are turned instead of turning passages back.

Source: Santhanam et al., ColBERTv2, NAACL 2022, section 3.3, https://arxiv.org/abs/2112.01488. There every
dimension has the same bits and its steps are quantiles: less near for the same bytes
(docs/experiments/multi-vector.md).
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Codebook, TokenCodes, Vector
from rag.scoring.maxsim import maxima
from rag.scoring.product import learn_tables, nearest_entries, widths_for
from rag.scoring.whole import of_bytes

__all__ = [
    "centroid_similarity",
    "code_bytes",
    "code_maxima",
    "decode",
    "encode",
    "fits",
    "nearest_centroids",
    "num_centroids_for",
    "products_table",
    "rough_maxima",
    "train_codebook",
]

_CENTROID_BYTES = 2
_MAX_CENTROIDS = 2048  # 4096 are no nearer, and take twice as long (docs/experiments/multi-vector.md)
_ROUNDS = 4
_SAMPLE = 64  # tokens a centroid to learn from; 32 err by 2 % more (docs/experiments/multi-vector.md)
_RESIDUALS = 32_768  # of them, to learn axes and bytes from; all of them err as much
_AT_ONCE = 8192
_NEAREST_AT_ONCE = 256  # with all tokens at once their distances leave the cache: 1.5 times as long
_FITTING = 2048  # tokens to judge by whether a codebook fits
_FIT = 1.25  # of the same text other tokens are 1.1 times as far as those it was learnt from


def num_centroids_for(num_tokens: int) -> int:
    """Give a power of two that grows with the root of the number of tokens, at most 2048.

    Source: PLAID's 16 sqrt(T), Santhanam et al., CIKM 2022, https://arxiv.org/abs/2205.09707.

    >>> num_centroids_for(1000), num_centroids_for(10_000_000)
    (256, 2048)
    """
    return min(1 << (int(16 * num_tokens**0.5).bit_length() - 1), _MAX_CENTROIDS, num_tokens)


def train_codebook(
    tokens: Vector, *, num_centroids: int, residual_bytes: int | None = None, seed: int = 0
) -> Codebook:
    """Learn from unit vectors, (T, D): k-means, then the residuals' axes and bytes.

    Args:
        tokens: at least one.
        num_centroids: at most 65536; fewer when there are fewer tokens.
        residual_bytes: of a code, without its centroid; by default 36 for 128 dimensions; at most one for
            each dimension is used.
        seed: of the sample, the first centroids and the first entries of bytes.

    Raises:
        ValueError: no centroids or too many, or no bytes.
    """
    dim = tokens.shape[1]
    residual_bytes = dim * 36 // 128 if residual_bytes is None else residual_bytes
    if not 1 <= num_centroids <= 2**16 or residual_bytes < 1:
        raise ValueError(
            f"1 to 65536 centroids and a byte or more, got {num_centroids} and {residual_bytes}"
        )
    rng = np.random.default_rng(seed)
    size = min(len(tokens), _SAMPLE * num_centroids)
    sample = tokens[rng.choice(len(tokens), size=size, replace=False)].astype(np.float32)
    centroids = sample[: min(num_centroids, size)]
    for _ in range(_ROUNDS):
        centroids = _moved(sample, centroids)
    some = sample[-_RESIDUALS:]
    residuals = some - centroids[_nearest(some, centroids)]
    variances, axes = np.linalg.eigh(residuals.T @ residuals / len(some))
    heard = ((some @ axes) ** 2).mean(axis=0) ** 0.5  # how much of an axis tokens, and so queries, have
    order = np.argsort(-variances * heard)
    rotation = np.ascontiguousarray(axes[:, order])
    widths = widths_for((variances * heard)[order], min(residual_bytes, dim))
    tables = learn_tables(residuals @ rotation, widths, rng).astype(np.float16)
    turned = (centroids @ rotation).astype(np.float16)
    return Codebook(rotation, turned, widths, tables, float(variances.sum()))


def encode(codebook: Codebook, tokens: Vector) -> NDArray[np.uint8]:
    """Give (T, bytes of a code) uint8 of unit vectors, (T, D)."""
    centroids = codebook.centroids.astype(np.float32)
    parts = [_coded(codebook, centroids, part @ codebook.rotation) for part in _slices(tokens)]
    return np.concatenate(parts) if parts else np.zeros((0, code_bytes(codebook)), dtype=np.uint8)


def code_bytes(codebook: Codebook) -> int:
    """Give the bytes of a token's code."""
    return _CENTROID_BYTES + len(codebook.widths)


def fits(codebook: Codebook, tokens: Vector) -> bool:
    """Say whether tokens, (T, D), are about as near to the centroids as those that it was learnt from."""
    if len(codebook.rotation) != tokens.shape[1]:
        return False
    turned = tokens[:: max(1, len(tokens) // _FITTING)].astype(np.float32) @ codebook.rotation
    centroids = codebook.centroids.astype(np.float32)
    missed = turned - centroids[_nearest(turned, centroids)]
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
    places = np.empty((len(codes), 1 + num_bytes), dtype=np.int32)
    places[:, 0] = nearest_centroids(codes)
    starts = np.arange(len(table) - 256 * num_bytes, len(table), 256, dtype=np.int32)
    np.add(codes[:, _CENTROID_BYTES : _CENTROID_BYTES + num_bytes], starts, out=places[:, 1:])
    bag = torch.nn.functional.embedding_bag
    products = bag(torch.from_numpy(places), torch.from_numpy(table), mode="sum")
    return maxima(products.numpy(), offsets)


def _rough_bytes(codebook: Codebook) -> int:
    return -(-len(codebook.widths) // 2)


def centroid_similarity(codebook: Codebook, query: Vector) -> Vector:
    """Give the inner products, (Q, K), of a query's tokens, (Q, D), and the centroids."""
    turned: Vector = query @ codebook.rotation
    return (turned @ _tables(codebook)[0].T).astype(np.float32, copy=False)


def nearest_centroids(codes: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Give each token's centroid, (T,)."""
    ids: NDArray[np.uint16] = np.ascontiguousarray(codes[:, :_CENTROID_BYTES]).view("<u2")[:, 0]
    return ids


def _turned(codebook: Codebook, codes: NDArray[np.uint8]) -> tuple[Vector, Vector]:
    """Give the vectors in the space of the centroids, (T, D), and their norms, (T,)."""
    centroids, tables = _tables(codebook)
    vectors = centroids[nearest_centroids(codes)]
    first, byte = 0, _CENTROID_BYTES
    for table in tables:
        count = len(table) // 256
        places = codes[:, byte : byte + count] + np.arange(0, len(table), 256)
        size = count * table.shape[1]
        vectors[:, first : first + size] += table.take(places, axis=0).reshape(len(codes), size)
        first, byte = first + size, byte + count
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
    nearest = _nearest(turned, centroids)
    of_centroids = nearest.astype("<u2").view(np.uint8).reshape(-1, _CENTROID_BYTES)
    tables = codebook.tables.astype(np.float32)
    of_residuals = nearest_entries(tables, codebook.widths, turned - centroids[nearest])
    return np.concatenate([of_centroids, of_residuals], axis=1)


def _moved(sample: Vector, centroids: Vector) -> Vector:
    """Give the means of the tokens nearest to each centroid; one that has none stays."""
    nearest = _nearest(sample, centroids)
    order = np.argsort(nearest, kind="stable")
    present, starts, counts = np.unique(nearest[order], return_index=True, return_counts=True)
    moved = centroids.copy()
    moved[present] = np.add.reduceat(sample[order], starts, axis=0) / counts[:, None]
    return moved


def _nearest(tokens: Vector, centroids: Vector) -> NDArray[np.int64]:
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
