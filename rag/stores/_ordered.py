"""What was asked for by id, in the order it was asked for."""

from collections.abc import Mapping, Sequence

import numpy as np

from rag.core.errors import SegmentGoneError
from rag.core.types import Vector

__all__ = ["in_order"]


def in_order(chunk_ids: Sequence[str], vectors: Mapping[str, Vector]) -> Vector:
    """Stack the vectors of chunks, (N, D) float32.

    Raises:
        SegmentGoneError: one is missing: its segment was replaced after the search that found it.
    """
    missing = [chunk_id for chunk_id in chunk_ids if chunk_id not in vectors]
    if missing:
        raise SegmentGoneError(f"chunk {missing[0]} is in none of the segments; search again")
    if not chunk_ids:
        return np.zeros((0, 0), dtype=np.float32)
    return np.stack([vectors[chunk_id] for chunk_id in chunk_ids]).astype(np.float32)
