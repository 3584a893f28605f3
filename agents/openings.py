"""How a document or a page begins, where a question wants to know what is in it: "Summarise handbook.pdf".

A search for such a question finds passages with its words; what a document is about stands where it begins.
Knows how English asks for an overview of one document, or of a page, and for a comparison of two.
"""

import re
from dataclasses import dataclass

from agents.tools import ToolScope, passage_at
from agents.tools._called import is_called
from rag.core.types import Passage
from rag.db.catalog import StoredDocument

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
_PAGE = re.compile(
    rf"\W*{_POLITE}(?:summari[sz]e|sum up|describe|show(?: me)?|what(?:['’]s| is| stands| does it say)? on"
    r"|what does|what(?:['’]s| is) in) page (?P<page>\d{1,4})(?: say)?"
    rf"(?: (?:of|in|from) {_NAME})?[\s?.!]*",
    re.IGNORECASE,
)
_MAX_QUESTION = 200  # characters
_CHUNKS = 2  # of a document


@dataclass(frozen=True, slots=True)
class Opening:
    """A document or page that a question names, and its first passages."""

    said: str  # the name
    title: str  # of the document
    passages: tuple[Passage, ...]
    page: int | None = None  # if it is of a page
    unmet: str = ""  # why there are no passages

    @property
    def query(self) -> str:
        """Give the question as `overview` reads it."""
        return f"Summarize {'' if self.page is None else f'page {self.page} of '}{self.title}"


def openings(question: str, scope: ToolScope) -> list[Opening]:
    """Give the beginnings of the documents that a question wants an overview of, in its order.

    Nothing where it wants something else. One document where its name is that of one alone; two where a
    comparison names two; a page of the document that is named, or of the only one there is, or why not.
    """
    if len(question) > _MAX_QUESTION:
        return []
    if (of_page := _PAGE.fullmatch(question)) and any(scope.documents()):
        return [_page(int(of_page["page"]), of_page["name"], scope)]
    if both := _BOTH.fullmatch(question):
        found = [_opening(both[name], scope) for name in ("first", "second")]
        return [each for each in found if each is not None] if all(found) else []
    names = [match["name"] for pattern in _OVERVIEW if (match := pattern.fullmatch(question))]
    return [each] if names and (each := _opening(names[0], scope)) is not None else []


def _opening(name: str, scope: ToolScope) -> Opening | None:
    document = _document(name, scope)
    if document is None:
        return None
    spans = [(chunk.start, chunk.end) for chunk in document.chunks[:_CHUNKS]]
    return Opening(name, document.title, tuple(passage_at(document, start, end) for start, end in spans))


def _page(number: int, name: str | None, scope: ToolScope) -> Opening:
    said = f"page {number}"
    document = _document(name, scope)
    if document is None:
        unmet = f"Say of which document, as in “what is on {said} of handbook.pdf”."
        return Opening(said, name or "", (), number, unmet)
    pages = {page.page: page for page in document.layout.pages}
    span = pages.get(number)
    if span is not None and document.text[span.start : span.end].strip():
        return Opening(said, document.title, (passage_at(document, span.start, span.end),), number)
    if span is not None:
        unmet = f"{said.capitalize()} of {document.title} has no text."
    else:
        unmet = f"{document.title} has {f'pages 1 to {max(pages)}' if pages else 'no pages'}."
    return Opening(said, document.title, (), number, unmet)


def _document(name: str | None, scope: ToolScope) -> StoredDocument | None:
    """Give the document that goes by a name, or where there is none said the only one."""
    called = [
        each.document_id
        for each in scope.documents()
        if name is None or is_called(name, source=each.source, title=each.title)
    ]
    return scope.document(called[0]) if len(called) == 1 else None
