from bisect import bisect_right
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.core.layout import Box, BoxSpan, Layout, PageSpan

PAGES = (PageSpan(1, 0, 10), PageSpan(2, 12, 20), PageSpan(4, 20, 25))  # page 3 holds no text


def word(start: int, end: int, *, x: float, y: float, page: int = 1) -> BoxSpan:
    return BoxSpan(start, end, Box(page, x, y, x + 0.125, y + 0.0625))


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Give words of 1 to 3 characters in random places, at most 2 characters apart."""
    sizes = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), max_size=12))
    spans: list[BoxSpan] = []
    end, page = 0, 1
    for gap, length in sizes:
        start, end = end + gap, end + gap + length
        page += draw(st.sampled_from([0, 0, 0, 1]))
        x, y = draw(st.sampled_from([0.0, 0.25, 0.5])), draw(st.sampled_from([0.0, 0.03125, 0.5]))
        spans.append(word(start, end, x=x, y=y, page=page))
    return Layout(boxes=tuple(spans))


def covers(outer: Box, inner: Box) -> bool:
    is_within = (
        outer.x0 <= inner.x0 <= inner.x1 <= outer.x1 and outer.y0 <= inner.y0 <= inner.y1 <= outer.y1
    )
    return outer.page == inner.page and is_within


@given(layouts())
def test_the_characters_of_a_word_have_the_box_of_that_word(layout: Layout) -> None:
    for span in layout.boxes:
        assert layout.boxes_in(span.start, span.end) == (span.box,)
        assert [layout.boxes_in(at, at + 1) for at in range(span.start, span.end)] == [(span.box,)] * (
            span.end - span.start
        )


@given(layouts(), st.integers(-2, 60), st.integers(-2, 60))
def test_the_boxes_of_a_range_cover_the_words_that_it_touches_and_no_others(
    layout: Layout, start: int, end: int
) -> None:
    found = layout.boxes_in(start, end)
    touched = [
        span.box for span in layout.boxes if set(range(span.start, span.end)) & set(range(start, end))
    ]
    assert all(any(covers(line, box) for line in found) for box in touched)
    assert {(line.page, line.x0) for line in found} <= {(box.page, box.x0) for box in touched}
    assert {(line.page, line.x1) for line in found} <= {(box.page, box.x1) for box in touched}
    assert len(found) <= len(touched)
    assert [line.page for line in found] == sorted(line.page for line in found)


@given(layouts(), st.integers(-2, 60))
def test_an_empty_range_has_no_boxes(layout: Layout, at: int) -> None:
    assert layout.boxes_in(at, at) == layout.boxes_in(at, at - 1) == ()


def test_the_words_of_one_line_are_one_box() -> None:
    words = (word(0, 3, x=0.0, y=0.5), word(4, 7, x=0.25, y=0.5), word(8, 9, x=0.5, y=0.515625))
    layout = Layout(boxes=words)
    assert layout.boxes_in(0, 9) == (Box(1, 0.0, 0.5, 0.625, 0.578125),)
    assert layout.boxes_in(4, 9) == (Box(1, 0.25, 0.5, 0.625, 0.578125),)


@pytest.mark.parametrize(
    "second",
    [
        word(4, 7, x=0.5, y=0.5625),  # below
        word(4, 7, x=0.5, y=0.53125),  # no more than half a line higher or lower
        word(4, 7, x=0.0, y=0.5),  # to the left, as the next column of a page that is read downwards
        word(4, 7, x=0.5, y=0.5, page=2),
    ],
)
def test_a_word_that_does_not_continue_the_line_starts_a_box(second: BoxSpan) -> None:
    first = word(0, 3, x=0.25, y=0.5)
    assert Layout(boxes=(first, second)).boxes_in(0, 7) == (first.box, second.box)


def test_a_line_that_is_returned_to_is_a_box_of_its_own() -> None:
    words = (word(0, 1, x=0.0, y=0.0), word(1, 2, x=0.0, y=0.5), word(2, 3, x=0.25, y=0.0))
    assert Layout(boxes=words).boxes_in(0, 3) == tuple(span.box for span in words)


def test_white_space_between_words_has_no_box() -> None:
    layout = Layout(boxes=(word(2, 4, x=0.0, y=0.0), word(6, 8, x=0.25, y=0.0)))
    assert [layout.boxes_in(at, at + 1) for at in (0, 1, 4, 5, 8)] == [()] * 5
    assert layout.boxes_in(4, 6) == ()


@pytest.mark.parametrize(
    ("offset", "page"),
    [(0, 1), (9, 1), (12, 2), (19, 2), (20, 4), (24, 4)],
)
def test_a_character_is_on_the_page_that_holds_it(offset: int, page: int) -> None:
    assert Layout(PAGES).page_at(offset) == page


@pytest.mark.parametrize(("offset", "page"), [(10, 1), (11, 1), (25, 4), (10_000, 4)])
def test_a_character_between_pages_is_on_the_page_before(offset: int, page: int) -> None:
    assert Layout(PAGES).page_at(offset) == page


def test_a_character_before_all_pages_is_on_the_first() -> None:
    assert Layout((PageSpan(3, 5, 10),)).page_at(0) == 3


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=8))
def test_every_character_of_a_page_leads_back_to_it(sizes: list[tuple[int, int]]) -> None:
    spans: list[PageSpan] = []
    for number, (gap, length) in enumerate(sizes, 1):
        start = (spans[-1].end if spans else 0) + gap
        spans.append(PageSpan(number, start, start + length))
    layout = Layout(tuple(spans))
    pages = [layout.page_at(offset) for offset in range(spans[-1].end + 3)]
    for span in spans:
        assert pages[span.start : span.end] == [span.page] * (span.end - span.start)
    starts = [span.start for span in spans]
    assert pages == [max(1, bisect_right(starts, offset)) for offset in range(len(pages))]
    assert all(one <= other for one, other in pairwise(page or 0 for page in pages))


def test_a_document_without_pages_has_no_page_and_no_boxes() -> None:
    assert Layout().page_at(0) is None
    assert Layout().boxes_in(0, 10**9) == ()
