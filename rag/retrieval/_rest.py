"""What was judged anew, and what comes after it."""

import math
from collections.abc import Sequence

from rag.core.types import Hit

__all__ = ["before_rest"]


def before_rest(judged: Sequence[Hit], rest: Sequence[Hit]) -> list[Hit]:
    """Put hits before others, whose scores become at most the lowest of theirs.

    >>> before_rest([Hit("a", 0.5)], [Hit("b", 0.9), Hit("c", 0.1)])
    [Hit(chunk_id='a', score=0.5), Hit(chunk_id='b', score=0.5), Hit(chunk_id='c', score=0.1)]
    """
    lowest = min((hit.score for hit in judged), default=math.inf)
    return [*judged, *(Hit(hit.chunk_id, min(hit.score, lowest)) for hit in rest)]
