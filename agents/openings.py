"""How a document begins, where a question wants to know what is in it: "Summarise handbook.pdf".

A search for such a question finds passages with its words; what a document is about stands where it begins.
Knows how English asks for an overview of one document, and for a comparison of two.
"""

import re
from dataclasses import dataclass

from agents.tools import ToolScope, passage_at
from agents.tools._called import is_called
from rag.core.types import Passage

__all__ = ["Opening", "openings"]

_POLITE = r"(?:please,? )?(?:(?:can|could|would) you (?:please )?)?"
_NAME = r"(?:(?:the|this|our|my) )?(?:(?:document|file) )?[\"“']?(?P<name>[^?!\"”]{2,120}?)[\"”']?"
_ASKS = (
    rf"(?:summari[sz]e|sum up|describe|outline|tell (?:me|us) (?:more )?about) {_NAME}",
    r"(?:give (?:me |us )?)?(?:an? |the )?(?:(?:short|brief|quick) )?(?:summary|overview|gist|outline)"
    rf" of {_NAME}",
    rf"what(?:['’]s| is| stands) (?:in|inside) {_NAME}",
    rf"what(?:['’]s| is| are) {_NAME} (?:all )?about",
    rf"what (?:does|do) {_NAME} (?:say|cover|contain|describe|tell (?:me|us))",
)
_OVERVIEW = [re.compile(rf"\W*{_POLITE}{pattern}[\s?.!]*", re.IGNORECASE) for pattern in _ASKS]
_BOTH = re.compile(
    rf"\W*{_POLITE}(?:compare|what(?:['’]s| is| are) the differences? between) (?P<first>.+?)"
    r" (?:and|with|to) (?P<second>.+?)[\s?.!]*",
    re.IGNORECASE,
)
_MAX_QUESTION = 200  # characters
_CHUNKS = 2  # of a document


@dataclass(frozen=True, slots=True)
class Opening:
    """A document that a question names, and its first passages."""

    said: str  # the name
    title: str
    passages: tuple[Passage, ...]


def openings(question: str, scope: ToolScope) -> list[Opening]:
    """Give the beginnings of the documents that a question wants an overview of, in its order.

    None where it wants something else. One document where its name is that of one alone; two where a
    comparison names two.
    """
    if len(question) > _MAX_QUESTION:
        return []
    if both := _BOTH.fullmatch(question):
        found = [_opening(both[name], scope) for name in ("first", "second")]
        return [each for each in found if each is not None] if all(found) else []
    names = [match["name"] for pattern in _OVERVIEW if (match := pattern.fullmatch(question))]
    return [each] if names and (each := _opening(names[0], scope)) is not None else []


def _opening(name: str, scope: ToolScope) -> Opening | None:
    called = [
        each.document_id
        for each in scope.documents()
        if is_called(name, source=each.source, title=each.title)
    ]
    if len(called) != 1:
        return None
    document = scope.document(called[0])
    spans = [(chunk.start, chunk.end) for chunk in document.chunks[:_CHUNKS]]
    return Opening(name, document.title, tuple(passage_at(document, start, end) for start, end in spans))
