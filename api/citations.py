"""One answer's citations in the shapes of other services: Anthropic's locations and Cohere's citations.

Each shape holds every span of the record that it is made from. Where a service's own fields leave a span
out, it stands beside them under the name that the service uses elsewhere.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, Protocol

from rag.core.types import Citation

__all__ = ["CitationFormat", "formatted"]

CitationFormat = Literal["anthropic", "anthropic_pages", "anthropic_search_results", "cohere"]
Body = dict[str, Any]  # Any: JSON


class Cited(Protocol):
    """An answer's text and what it rests on."""

    @property
    def answer(self) -> str:
        """Give the text."""
        ...

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Give what it rests on, by the spans of sentences."""
        ...


def formatted(answer: Cited, form: CitationFormat) -> Body:
    """Give the answer as a message of the service, with its citations."""
    return _FORMATS[form](answer)


def _anthropic(answer: Cited) -> Body:
    documents = _documents(answer.citations)
    places = {document["document_id"]: number for number, document in enumerate(documents)}

    def location(citation: Citation) -> Body:
        return {"type": "char_location", **_in_document(citation, places), **_chars(citation)}

    return {**_message(answer, location), "documents": documents}


def _anthropic_pages(answer: Cited) -> Body:
    documents = _documents(answer.citations)
    places = {document["document_id"]: number for number, document in enumerate(documents)}

    def location(citation: Citation) -> Body:
        where = {**_in_document(citation, places), **_chars(citation)}
        if citation.page is None:
            return {"type": "char_location", **where}
        last = max((box.page for box in citation.boxes), default=citation.page)
        pages = {"start_page_number": citation.page, "end_page_number": last + 1}
        return {"type": "page_location", **where, **pages}

    return {**_message(answer, location), "documents": documents}


def _anthropic_search_results(answer: Cited) -> Body:
    """Give each cited document as a search result, whose blocks are what is quoted of it."""
    quoted: dict[str, list[Citation]] = {}
    for citation in sorted(answer.citations, key=lambda each: (each.start, each.end)):
        of_document = quoted.setdefault(citation.document_id, [])
        if _span(citation) not in map(_span, of_document):
            of_document.append(citation)
    places = {document_id: number for number, document_id in enumerate(quoted)}

    def location(citation: Citation) -> Body:
        block = list(map(_span, quoted[citation.document_id])).index(_span(citation))
        return {
            "type": "search_result_location",
            "cited_text": citation.quote,
            "source": citation.source,
            "title": citation.title,
            "search_result_index": places[citation.document_id],
            "start_block_index": block,
            "end_block_index": block + 1,
        }

    results = [
        {
            "type": "search_result",
            "source": citations[0].source,
            "title": citations[0].title,
            "document_id": document_id,
            "content": [{"type": "text", "text": each.quote, **_chars(each)} for each in citations],
        }
        for document_id, citations in quoted.items()
    ]
    return {**_message(answer, location), "search_results": results}


def _cohere(answer: Cited) -> Body:
    spans: dict[tuple[int, int], list[Citation]] = {}
    for citation in answer.citations:
        spans.setdefault((citation.answer_start, citation.answer_end), []).append(citation)
    citations = [
        {
            "type": "TEXT_CONTENT",
            "content_index": 0,
            "start": start,
            "end": end,
            "text": answer.answer[start:end],
            "sources": [_source(citation) for citation in cited],
        }
        for (start, end), cited in spans.items()
    ]
    content = [{"type": "text", "text": answer.answer}]
    return {"role": "assistant", "content": content, "citations": citations}


def _source(citation: Citation) -> Body:
    document = {
        "id": citation.document_id,
        "title": citation.title,
        "source": citation.source,
        "snippet": citation.quote,
        "start": citation.start,
        "end": citation.end,
    }
    return {"type": "document", "id": citation.chunk_id, "document": document}


def _message(answer: Cited, location: Callable[[Citation], Body]) -> Body:
    content = [
        {
            "type": "text",
            "text": answer.answer[start:end],
            "citations": [location(each) for each in cited] or None,
        }
        for start, end, cited in _pieces(answer)
    ]
    return {"role": "assistant", "content": content}


def _pieces(answer: Cited) -> Iterator[tuple[int, int, list[Citation]]]:
    """Cut the answer wherever a citation begins or ends; give each piece with what supports it."""
    ends = {0, len(answer.answer)}
    for citation in answer.citations:
        ends |= {citation.answer_start, citation.answer_end}
    cuts = sorted(ends)
    for start, end in pairwise(cuts):
        cited = [each for each in answer.citations if each.answer_start <= start and end <= each.answer_end]
        yield start, end, cited


def _documents(citations: Sequence[Citation]) -> list[Body]:
    first: dict[str, Citation] = {}
    for citation in citations:
        first.setdefault(citation.document_id, citation)
    return [
        {
            "document_id": each.document_id,
            "title": each.title,
            "source": each.source,
            "version": each.version,
        }
        for each in first.values()
    ]


def _in_document(citation: Citation, places: Mapping[str, int]) -> Body:
    return {
        "cited_text": citation.quote,
        "document_index": places[citation.document_id],
        "document_title": citation.title,
        "file_id": None,
    }


def _chars(citation: Citation) -> dict[str, int]:
    return {"start_char_index": citation.start, "end_char_index": citation.end}


def _span(citation: Citation) -> tuple[int, int]:
    return citation.start, citation.end


_FORMATS: Mapping[CitationFormat, Callable[[Cited], Body]] = {
    "anthropic": _anthropic,
    "anthropic_pages": _anthropic_pages,
    "anthropic_search_results": _anthropic_search_results,
    "cohere": _cohere,
}
