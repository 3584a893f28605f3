"""Fewer token vectors a passage: those that are alike become their mean.

Source: Clavié, Chaffin & Adams, Reducing the Footprint of Multi-Vector Retrieval with Minimal Performance
Impact via Token Pooling, 2024, section 3, https://arxiv.org/abs/2409.14683 (Ward's clustering).
"""

import numpy as np

from rag.core.types import Vector

__all__ = ["pool_tokens"]


def pool_tokens(tokens: Vector, *, factor: int, num_protected: int = 1) -> Vector:
    """Give about T / factor unit vectors for T; the first ones, markers of the model, stay as they are.

    Clusters are merged by Ward's criterion on cosine distances, nearest first; the cost grows with the cube
    of T, which passages of a few hundred tokens bear.

    Args:
        tokens: (T, D) float32 of unit rows.
        factor: 1 changes nothing.
        num_protected: how many leading tokens are left alone.

    Raises:
        ValueError: a factor below 1.
    """
    if factor < 1:
        raise ValueError(f"the factor of pooling is 1 or more, got {factor}")
    rest = tokens[num_protected:]
    num_clusters = max(len(rest) // factor, 1)
    if len(rest) <= num_clusters:
        return tokens
    labels = _ward(1.0 - rest @ rest.T, num_clusters)
    means = np.stack([rest[labels == label].mean(axis=0) for label in np.unique(labels)])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return np.concatenate([tokens[:num_protected], means]).astype(np.float32)


def _ward(distances: Vector, num_clusters: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Give each point its cluster, (T,); distances are updated by Lance and Williams' formula."""
    squared = distances.astype(np.float64) ** 2
    np.fill_diagonal(squared, np.inf)
    sizes = np.ones(len(squared))
    labels = np.arange(len(squared))
    for _ in range(len(squared) - num_clusters):
        kept, gone = np.unravel_index(squared.argmin(), squared.shape)
        total = sizes[kept] + sizes[gone] + sizes
        merged = (
            (sizes[kept] + sizes) * squared[kept]
            + (sizes[gone] + sizes) * squared[gone]
            - sizes * squared[kept, gone]
        ) / total
        merged[[kept, gone]] = np.inf
        squared[kept], squared[:, kept] = merged, merged
        squared[gone], squared[:, gone] = np.inf, np.inf
        sizes[kept] += sizes[gone]
        labels[labels == gone] = kept
    return labels
