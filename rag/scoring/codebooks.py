"""What token vectors are compressed with, learnt from some of them: centroids, gains, axes and bytes.

Centroids are those of least squared error: such of unit norm, chosen by inner product, cost 3 points of
recall@10. Gains take a tenth off the squared error. An axis on which tokens are large is worth more bytes:
queries are large there too, and its errors change scores most (docs/experiments/multi-vector.md).
"""

import numpy as np

from rag.core.types import Codebook, Vector
from rag.scoring.product import learn_tables, widths_for
from rag.scoring.residual import HEAD_BITS, levels_of, nearest_to

__all__ = ["num_centroids_for", "train_codebook"]

_MAX_CENTROIDS = 2048  # 4096 are no nearer, and take twice as long (docs/experiments/multi-vector.md)
_ROUNDS = 4
_SAMPLE = 64  # tokens a centroid to learn from; 32 err by 2 % more (docs/experiments/multi-vector.md)
_RESIDUALS = 32_768  # of them, to learn axes and bytes from; all of them err as much
_GAIN_BITS = 5  # at most
_LEAST_GAIN = 1e-3  # where tokens are centroids


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
    """Learn from unit vectors, (T, D): k-means, then the residuals' gains, axes and bytes.

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
    residuals = some - centroids[nearest_to(some, centroids)]
    missed = float((residuals**2).sum(axis=1).mean())
    gains = _gains(residuals, num_centroids=len(centroids))
    residuals /= gains[levels_of(gains, residuals)][:, None]
    variances, axes = np.linalg.eigh(residuals.T @ residuals / len(some))
    heard = ((some @ axes) ** 2).mean(axis=0) ** 0.5  # how much of an axis tokens, and so queries, have
    order = np.argsort(-variances * heard)
    rotation = np.ascontiguousarray(axes[:, order])
    widths = widths_for((variances * heard)[order], min(residual_bytes, dim))
    tables = learn_tables(residuals @ rotation, widths, rng).astype(np.float16)
    turned = (centroids @ rotation).astype(np.float16)
    return Codebook(rotation, turned, widths, tables, gains.astype(np.float16), missed)


def _gains(residuals: Vector, *, num_centroids: int) -> Vector:
    """Give as many sizes of residuals as the bits which centroids leave free tell apart, at most 32."""
    free = HEAD_BITS - (num_centroids - 1).bit_length()
    sizes = np.maximum(np.linalg.norm(residuals, axis=1), _LEAST_GAIN)
    least, most = np.quantile(sizes, [0.01, 0.99])
    gains: Vector = np.geomspace(least, most, num=1 << min(free, _GAIN_BITS)).astype(np.float16)
    return gains.astype(np.float32)


def _moved(sample: Vector, centroids: Vector) -> Vector:
    """Give the means of the tokens nearest to each centroid; one that has none stays."""
    nearest = nearest_to(sample, centroids)
    order = np.argsort(nearest, kind="stable")
    present, starts, counts = np.unique(nearest[order], return_index=True, return_counts=True)
    moved = centroids.copy()
    moved[present] = np.add.reduceat(sample[order], starts, axis=0) / counts[:, None]
    return moved
