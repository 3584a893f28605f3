"""Which rows a segment holds, as JSON: rows of one document version share their attributes."""

import json
from collections.abc import Mapping, Sequence

from rag.core.types import Row

__all__ = ["packed_ids"]


def packed_ids(rows: Sequence[Row]) -> Mapping[str, object]:
    """Give the ids of rows, and each set of version and attributes once."""
    groups: dict[str, int] = {}
    group_of = []
    for row in rows:
        key = json.dumps([row.version_id, dict(row.attributes)], sort_keys=True)
        group_of.append(groups.setdefault(key, len(groups)))
    return {
        "chunk_ids": [row.chunk_id for row in rows],
        "group_of": group_of,
        "groups": [json.loads(key) for key in groups],
    }
