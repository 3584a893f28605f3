"""Whether a collection has the kind of index that a retriever needs, of the encoder of the settings."""

import shlex

from rag.core.errors import ConflictError
from rag.core.kinds import DENSE, LATE, LONG
from rag.core.types import Snapshot

__all__ = ["check_kind"]

_VECTORS = {LATE: "token vectors", LONG: "section vectors"}


def check_kind(snapshot: Snapshot, kind: str, *, now: str) -> None:
    """Make sure that a retriever finds what it was made for.

    Args:
        snapshot: of the collection.
        kind: of index, but the dense one.
        now: the fingerprint of the encoder that the settings name for this kind.

    Raises:
        ConflictError: the collection lacks this kind, or has it from another encoder.
    """
    vectors, indexed = _VECTORS[kind], snapshot.others.get(kind)
    advice = f"`rag reindex --collection {shlex.quote(snapshot.collection)} --index {DENSE},{kind}`"
    if indexed is None:
        raise ConflictError(
            f"collection {snapshot.collection!r} has no {vectors}; {advice} adds them, or choose"
            " another retriever"
        )
    # A section vector's fingerprint ends in what a section is, which does not matter here.
    if (indexed.rpartition("/")[0] if kind == LONG else indexed) != now:
        raise ConflictError(
            f"the {vectors} of collection {snapshot.collection!r} are of {indexed}, the settings"
            f" say {now}; set GROVE_{kind.upper()}_ENCODER back, or {advice}"
        )
