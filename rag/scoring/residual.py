"""Token vectors compressed: the nearest centroid, and 4, 2, 1 or no bits a dimension for what it misses.

Residuals are turned to their principal axes, and each eight axes get the bits that lower the error most,
within the bytes of a code: two for the centroid and, by default, 36 for the residual of 128 dimensions.
Steps and centroids are those of least squared error: centroids of unit norm, chosen by inner product, cost
3 points of recall@10 (docs/experiments.md). Queries are turned instead of turning passages back.

Source: Santhanam et al., ColBERTv2, NAACL 2022, section 3.3, https://arxiv.org/abs/2112.01488. There every
dimension has the same bits and its steps are quantiles: less near for the same bytes (docs/experiments.md).
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Codebook, TokenCodes, Vector
from rag.scoring.maxsim import maxima
from rag.scoring.whole import of_bytes

__all__ = [
    "BITS",
    "centroid_similarity",
    "code_bytes",
    "code_maxima",
    "decode",
    "encode",
    "fits",
    "nearest_centroids",
    "num_centroids_for",
    "train_codebook",
]

BITS = (4, 2, 1)
_ERRORS = {0: 1.0, 1: 0.363, 2: 0.1175, 4: 0.0095}  # of a Gaussian of unit variance (Max, 1960, table I)
_GROUP = 8  # dimensions that share a number of bits: as many bits, so many bytes
_CENTROID_BYTES = 2
_MAX_CENTROIDS = 2048  # 4096 are no nearer, and take twice as long (docs/experiments.md)
_ROUNDS = 4
_SAMPLE = 32  # tokens a centroid to learn from
_AT_ONCE = 8192
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
    """Learn from unit vectors, (T, D): k-means, then the residuals' axes, bits and steps.

    Args:
        tokens: at least one.
        num_centroids: at most 65536; fewer when there are fewer tokens.
        residual_bytes: of a code, without its centroid; by default 36 for 128 dimensions.
        seed: of the sample and the first centroids.

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
    sample = tokens[np.sort(rng.choice(len(tokens), size=size, replace=False))].astype(np.float32)
    centroids = sample[rng.choice(size, size=min(num_centroids, size), replace=False)]
    for _ in range(_ROUNDS):
        centroids = _moved(sample, centroids)
    residuals = sample - centroids[_nearest(sample, centroids)]
    variances, axes = np.linalg.eigh(residuals.T @ residuals / size)
    padding = -dim % _GROUP
    rotation = np.pad(axes[:, ::-1], ((0, 0), (0, padding))).astype(np.float32)
    variances = np.pad(np.maximum(variances[::-1], 1e-12), (0, padding), constant_values=1e-12)
    bits = _allocated(variances.reshape(-1, _GROUP).sum(axis=1), residual_bytes)
    scales = np.sqrt(variances).astype(np.float32)
    turned = (centroids @ rotation).astype(np.float16)
    return Codebook(rotation, turned, scales, bits, _steps(residuals @ rotation / scales, bits))


def encode(codebook: Codebook, tokens: Vector) -> NDArray[np.uint8]:
    """Give (T, bytes of a code) uint8 of unit vectors, (T, D)."""
    centroids = codebook.centroids.astype(np.float32)
    parts = [_coded(codebook, centroids, part @ codebook.rotation) for part in _slices(tokens)]
    return np.concatenate(parts) if parts else np.zeros((0, code_bytes(codebook)), dtype=np.uint8)


def code_bytes(codebook: Codebook) -> int:
    """Give the bytes of a token's code."""
    return _CENTROID_BYTES + int(codebook.group_bits.sum())


def fits(codebook: Codebook, tokens: Vector) -> bool:
    """Say whether tokens, (T, D), are about as near to the centroids as those that it was learnt from."""
    if len(codebook.rotation) != tokens.shape[1]:
        return False
    turned = tokens[:: max(1, len(tokens) // _FITTING)].astype(np.float32) @ codebook.rotation
    centroids = codebook.centroids.astype(np.float32)
    missed = turned - centroids[_nearest(turned, centroids)]
    return float((missed**2).sum(axis=1).mean()) <= _FIT * float((codebook.scales**2).sum())


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


def centroid_similarity(codebook: Codebook, query: Vector) -> Vector:
    """Give the inner products, (Q, K), of a query's tokens, (Q, D), and the centroids."""
    turned: Vector = query @ codebook.rotation
    return (turned @ _tables(codebook)[0].T).astype(np.float32, copy=False)


def nearest_centroids(codes: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Give each token's centroid, (T,)."""
    ids: NDArray[np.uint16] = np.ascontiguousarray(codes[:, :_CENTROID_BYTES]).view("<u2")[:, 0]
    return ids


def _turned(codebook: Codebook, codes: NDArray[np.uint8]) -> tuple[Vector, Vector]:
    """Give the vectors in the space of the centroids, (T, E), and their norms, (T,)."""
    centroids, tables = _tables(codebook)
    vectors = centroids[nearest_centroids(codes)]
    first, byte = 0, _CENTROID_BYTES
    for table in tables:
        width = len(table) // 256
        places = codes[:, byte : byte + width] + np.arange(0, len(table), 256)
        size = width * table.shape[1]
        vectors[:, first : first + size] += table.take(places, axis=0).reshape(len(codes), size)
        first, byte = first + size, byte + width
    return vectors, np.sqrt(np.einsum("te,te->t", vectors, vectors))


@lru_cache(maxsize=64)
def _tables(codebook: Codebook) -> tuple[Vector, list[Vector]]:
    """Give the centroids, and per number of bits what each byte adds: (bytes * 256, dimensions of one)."""
    tables = []
    first = 0
    for bits, steps in zip(BITS, codebook.steps, strict=True):
        size = int((codebook.group_bits == bits).sum()) * _GROUP
        values = np.arange(256)[:, None] >> np.arange(8 - bits, -1, -bits)
        moves = steps[values & (2**bits - 1)]  # (256, dimensions of a byte)
        scales = codebook.scales[first : first + size].reshape(-1, 1, moves.shape[1])
        tables.append((moves * scales).reshape(-1, moves.shape[1]).astype(np.float32))
        first += size
    return codebook.centroids.astype(np.float32), tables


def _coded(codebook: Codebook, centroids: Vector, turned: Vector) -> NDArray[np.uint8]:
    nearest = _nearest(turned, centroids)
    residuals = (turned - centroids[nearest]) / codebook.scales
    parts = [nearest.astype("<u2").view(np.uint8).reshape(-1, _CENTROID_BYTES)]
    first = 0
    for bits, steps in zip(BITS, codebook.steps, strict=True):
        size = int((codebook.group_bits == bits).sum()) * _GROUP
        cuts = _cuts(steps[: 2**bits])
        buckets = np.searchsorted(cuts, residuals[:, first : first + size]).astype(np.uint8)
        flat = np.unpackbits(buckets[:, :, None], axis=2)[:, :, 8 - bits :].reshape(
            len(turned), size * bits
        )
        parts.append(np.packbits(flat, axis=1))
        first += size
    return np.concatenate(parts, axis=1)


def _allocated(variances: Vector, num_bytes: int) -> NDArray[np.uint8]:
    """Give groups of axes, the widest first, their bits: always where a byte lowers the error most."""
    bits = [0] * len(variances)
    while True:
        gains = [
            ((_ERRORS[now] - _ERRORS[more]) * float(variance) / (more - now), group, more)
            for group, (now, variance) in enumerate(zip(bits, variances, strict=True))
            for more in BITS
            if now < more <= now + num_bytes - sum(bits)
        ]
        if not gains:
            return np.array(sorted(bits, reverse=True), dtype=np.uint8)
        _, group, more = max(gains)
        bits[group] = more


def _steps(scaled: Vector, group_bits: NDArray[np.uint8]) -> Vector:
    """Give the steps of least squared error for each number of bits (Lloyd); unused ones are 0."""
    bits_of = np.repeat(group_bits, _GROUP)
    steps = np.zeros((len(BITS), 2 ** BITS[0]), dtype=np.float32)
    for row, bits in enumerate(BITS):
        values = np.sort(scaled[:, bits_of == bits], axis=None)[:: max(1, scaled.size // 2_000_000)]
        if not len(values):
            continue
        found = np.quantile(values, (np.arange(2**bits) + 0.5) / 2**bits)
        for _ in range(30):
            parts = np.split(values, np.searchsorted(values, _cuts(found)))
            found = np.array(
                [part.mean() if len(part) else old for part, old in zip(parts, found, strict=True)]
            )
        steps[row, : 2**bits] = found
    return steps


def _cuts(steps: Vector) -> Vector:
    return ((steps[1:] + steps[:-1]) / 2).astype(np.float32)


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
    found = [(part @ centroids.T - half_squares).argmax(axis=1) for part in _slices(tokens)]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _slices(tokens: Vector) -> Iterator[Vector]:
    return (
        tokens[start : start + _AT_ONCE].astype(np.float32) for start in range(0, len(tokens), _AT_ONCE)
    )
