"""Merging segments: fewer to search, and the rows of deleted documents are left behind.

A merge is one commit. A search that still holds the former segments reads them to its end, or is told
to search again. What is deleted while a merge runs stays deleted.
"""

from collections.abc import Sequence
from itertools import accumulate, islice

from rag.compose import Grove

__all__ = ["compact", "in_merges", "num_to_merge", "tidy"]

_MAX_ROWS = 50_000
_MAX_DEAD = 0.2  # a larger share of dead rows in a segment is worth writing the rest of it anew


def compact(grove: Grove, collection: str) -> bool:
    """Merge all segments of a collection into one without dead rows; false when there is nothing to do.

    Raises:
        NotFoundError: no such collection.
    """
    segments = grove.catalog.snapshot(collection).segments
    if len(segments) <= 1 and not any(segment.dead for segment in segments):
        return False
    return grove.publisher.replace_segments(collection, segments)


def tidy(grove: Grove, collection: str, *, index_id: str | None = None, max_rows: int = _MAX_ROWS) -> bool:
    """Merge what is worth it: many small segments, and those with many dead rows; tell whether it did.

    It does so in the index that serves, or in the given one; rows are bounded for the memory of a merge.

    Raises:
        NotFoundError: no such collection.
    """
    loads = grove.publisher.loads(collection, index_id=index_id)
    worn = [each for each in loads if each.num_dead_rows > _MAX_DEAD * each.segment.num_rows]
    if worn:
        segments = iter([each.segment for each in worn])
        counts = in_merges([each.segment.num_rows - each.num_dead_rows for each in worn], max_rows)
        merged = [
            grove.publisher.replace_segments(collection, list(islice(segments, count))) for count in counts
        ]
        return any(merged)
    if len(loads) <= grove.settings.ingestion.max_segments:
        return False
    count = num_to_merge([each.segment.num_rows for each in loads], max_rows)
    return count > 0 and grove.publisher.replace_segments(
        collection, [each.segment for each in loads[:count]]
    )


def num_to_merge(sizes: Sequence[int], max_rows: int = _MAX_ROWS) -> int:
    """Choose how many of the smallest segments to merge: the fewest rows written per segment less.

    A large segment is thus left alone until there are others of its size, and a row is written anew a
    number of times that grows with the logarithm of the collection. 0 when each merge would be too large.

    >>> num_to_merge([256, 256, 256, 40_000]), num_to_merge([256, 50_000, 50_000])
    (3, 0)
    """
    costs = [total / count for count, total in enumerate(accumulate(sizes)) if count and total <= max_rows]
    if not costs:
        return 0
    return 2 + min(range(len(costs)), key=lambda index: (costs[index], -index))


def in_merges(sizes: Sequence[int], max_rows: int = _MAX_ROWS) -> list[int]:
    """Give how many segments go into one merge and the next: so many rows at most, or one segment.

    >>> in_merges([100, 200, 40_000, 30_000, 60_000])
    [3, 1, 1]
    """
    counts: list[int] = []
    num_rows = 0
    for size in sizes:
        if not counts or num_rows + size > max_rows:
            counts.append(0)
            num_rows = 0
        counts[-1] += 1
        num_rows += size
    return counts
