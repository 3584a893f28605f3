"""The law of every citation format: the spans that it was made from can be read in it."""

from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.citations import CitationFormat, formatted
from rag.core.layout import Box
from rag.core.types import Answer, Citation

Span = tuple[int, int, str, int, int, str]  # answer start, end; document, start, end, quote
Body = dict[str, Any]


def pieces(message: Body) -> Iterator[tuple[int, int, Body]]:
    start = 0
    for block in message["content"]:
        end = start + len(block["text"])
        yield from ((start, end, location) for location in block["citations"] or ())
        start = end


def read_anthropic(message: Body) -> set[Span]:
    return {
        (
            start,
            end,
            message["documents"][place["document_index"]]["document_id"],
            place["start_char_index"],
            place["end_char_index"],
            place["cited_text"],
        )
        for start, end, place in pieces(message)
    }


def read_search_results(message: Body) -> set[Span]:
    spans = set()
    for start, end, place in pieces(message):
        result = message["search_results"][place["search_result_index"]]
        assert (result["source"], result["title"]) == (place["source"], place["title"])
        (block,) = result["content"][place["start_block_index"] : place["end_block_index"]]
        assert block["text"] == place["cited_text"]
        where = (block["start_char_index"], block["end_char_index"])
        spans.add((start, end, result["document_id"], *where, place["cited_text"]))
    return spans


def read_cohere(message: Body) -> set[Span]:
    text = message["content"][0]["text"]
    assert all(text[each["start"] : each["end"]] == each["text"] for each in message["citations"])
    return {
        (
            each["start"],
            each["end"],
            source["document"]["id"],
            source["document"]["start"],
            source["document"]["end"],
            source["document"]["snippet"],
        )
        for each in message["citations"]
        for source in each["sources"]
    }


READERS: dict[CitationFormat, Callable[[Body], set[Span]]] = {
    "anthropic": read_anthropic,
    "anthropic_pages": read_anthropic,
    "anthropic_search_results": read_search_results,
    "cohere": read_cohere,
}


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Give an answer of sentences, each cited from any number of places of a few documents."""
    sentences = draw(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5))
    texts = draw(st.lists(st.text(min_size=2, max_size=40), min_size=1, max_size=3))
    citations, start = [], 0
    for sentence in sentences:
        for _ in range(draw(st.integers(0, 3))):
            number = draw(st.integers(0, len(texts) - 1))
            first = draw(st.integers(0, len(texts[number]) - 1))
            last = draw(st.integers(first + 1, len(texts[number])))
            page = draw(st.one_of(st.none(), st.integers(1, 9)))
            boxes = () if page is None else (Box(page + draw(st.integers(0, 1)), 0.0, 0.0, 1.0, 1.0),)
            place = (f"d{number}", 1, f"d{number}.1.0", f"{number}.pdf", f"title {number}", page, boxes)
            quote = texts[number][first:last]
            citations.append(Citation(start, start + len(sentence), *place, first, last, quote, 1.0, 0.9))
        start += len(sentence)
    return Answer("".join(sentences), None, False, (), tuple(citations), "run", {})


@pytest.mark.parametrize("form", get_args(CitationFormat))
@given(answer=answers())
def test_a_format_holds_the_spans_it_was_made_from(form: CitationFormat, answer: Answer) -> None:
    message = formatted(answer, form)
    spans = {
        (each.answer_start, each.answer_end, each.document_id, each.start, each.end, each.quote)
        for each in answer.citations
    }
    assert READERS[form](message) == spans
    assert "".join(part["text"] for part in message["content"]) == answer.answer


@given(answer=answers())
def test_pages_are_given_where_there_are_some(answer: Answer) -> None:
    places = [place for _, _, place in pieces(formatted(answer, "anthropic_pages"))]
    assert len(places) == len(answer.citations)
    paged = [place for place in places if place["type"] == "page_location"]
    assert len(paged) == sum(each.page is not None for each in answer.citations)
    assert all(1 <= place["start_page_number"] < place["end_page_number"] for place in paged)
