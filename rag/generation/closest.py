"""The sentence that comes closest to answering a question that is refused, and where it stands.

Knows when there is one worth opening; which one it is, and how likely an answer, is support.py's.
"""

from rag.core.types import Closest
from rag.generation.answer import Locate
from rag.reading.candidates import Judgement

__all__ = ["MIN_ANSWERABILITY", "closest"]

MIN_ANSWERABILITY = 0.1  # that of questions about other things is less (docs/experiments/answers.md)


def closest(judged: Judgement, locate: Locate) -> Closest | None:
    """Give the best sentence; None where the passages hardly have to do with the question.

    Args:
        judged: of the passages that were read.
        locate: finds page and boxes of a span.
    """
    if judged.best is None or judged.answerability < MIN_ANSWERABILITY:
        return None
    passage, first, last = judged.best.passage, judged.best.start, judged.best.end
    start, end = passage.start + first, passage.start + last
    page, boxes = locate(passage.document_id, passage.version, start, end)
    return Closest(
        document_id=passage.document_id,
        version=passage.version,
        chunk_id=passage.chunk_id,
        source=passage.source,
        title=passage.title,
        page=page,
        boxes=boxes,
        start=start,
        end=end,
        quote=passage.text[first:last],
    )
