"""What every loader promises, whatever the bytes."""

from functools import cache
from itertools import pairwise

import pytest
from _documents import SAMPLES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.core.errors import UnreadableDocumentError
from rag.core.protocols import Loader
from rag.core.registry import Family
from rag.core.types import ParsedDocument

FAMILY = Family("indexing.loaders")
NAMES = FAMILY.names()
FUZZ = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _loader(name: str) -> Loader:
    loader: Loader = FAMILY.load(name)()
    return loader


def _check(document: ParsedDocument) -> None:
    text = document.text
    assert text.strip()
    assert document.title.strip()
    assert not {"\0", "\r"} & set(text)
    text.encode()  # no lone surrogate
    position = 0
    for block in document.blocks:
        assert position <= block.start < block.end <= len(text)
        assert not text[position : block.start].strip(), "text between blocks is white space"
        assert text[block.start : block.end].strip()
        assert (block.level > 0) == (block.kind == "heading")
        position = block.end
    assert not text[position:].strip()
    _check_layout(document)
    for value in document.metadata.values():
        parts = value if isinstance(value, tuple) else (value,)
        assert all(isinstance(part, str | int | float | bool) for part in parts)


def _check_layout(document: ParsedDocument) -> None:
    pages, boxes = document.layout.pages, document.layout.boxes
    assert [page.page for page in pages] == list(range(1, len(pages) + 1))
    assert all(0 <= page.start <= page.end <= len(document.text) for page in pages)
    assert all(above.end <= below.start for above, below in pairwise(pages))
    assert all(0 <= box.start < box.end <= len(document.text) for box in boxes)
    assert all(left.end <= right.start for left, right in pairwise(boxes))
    for span in boxes:
        box = span.box
        assert 0 <= box.x0 < box.x1 <= 1
        assert 0 <= box.y0 < box.y1 <= 1
        page = pages[box.page - 1]
        assert page.start <= span.start
        assert span.end <= page.end
        assert not any(letter.isspace() for letter in document.text[span.start : span.end])


@cache
def _read_once(name: str) -> ParsedDocument:
    return _loader(name).load(SAMPLES[name], name="sample")


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_made_of_blocks_and_boxes_in_order(name: str) -> None:
    document = _read_once(name)
    _check(document)
    assert document.blocks


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bytes_give_the_same_document(name: str) -> None:
    assert _loader(name).load(SAMPLES[name], name="sample") == _read_once(name)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(UnreadableDocumentError, match="sample"):
        _loader(name).load(b"", name="sample")


@pytest.mark.parametrize("name", NAMES)
@FUZZ
@given(garbage=st.binary(max_size=2000))
def test_garbage_is_read_or_refused(name: str, garbage: bytes) -> None:
    _read_or_refused(name, garbage)


@pytest.mark.parametrize("name", NAMES)
@FUZZ
@given(share=st.floats(0, 1))
def test_a_truncated_document_is_read_or_refused(name: str, share: float) -> None:
    content = SAMPLES[name]
    _read_or_refused(name, content[: int(share * len(content))])


@pytest.mark.parametrize("name", NAMES)
@FUZZ
@given(
    places=st.lists(
        st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12
    )
)
def test_a_damaged_document_is_read_or_refused(name: str, places: list[tuple[float, bytes]]) -> None:
    content = bytearray(SAMPLES[name])
    for share, damage in places:
        at = int(share * len(content))
        content[at : at + len(damage)] = damage
    _read_or_refused(name, bytes(content))


@pytest.mark.parametrize("name", ["html", "markdown", "rst", "text"])
@FUZZ
@given(text=st.text(st.characters(codec="utf-8"), max_size=500))
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    _read_or_refused(name, text.encode())


_LINES = st.sampled_from(
    ["", "# H", "== T", "===", "---", "+--+--+", "| a | b |", "a | b", "--|--", "- x", "  y", "    z",
     "```", "1. n", "A: b", "Title", "::", "> q", "~~~", "\t", "...", "#", "***"]
)  # fmt: skip


@pytest.mark.parametrize("name", ["markdown", "rst", "text"])
@FUZZ
@given(lines=st.lists(_LINES, min_size=1, max_size=30))
def test_markup_keeps_the_text_of_its_file(name: str, lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        document = _loader(name).load(text.replace("\n", "\r\n").encode(), name="sample")
    except UnreadableDocumentError:
        assert not text.strip()
        return
    assert document.text == text
    _check(document)


def test_suffixes_belong_to_one_loader() -> None:
    suffixes = [suffix for name in NAMES for suffix in _loader(name).suffixes]
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)


def _read_or_refused(name: str, content: bytes) -> None:
    try:
        document = _loader(name).load(content, name="sample")
    except UnreadableDocumentError:
        return
    _check(document)
