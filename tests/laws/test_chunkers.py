"""What every chunker promises, over every loader's documents and over any text."""

import re
from bisect import bisect_left
from functools import cache

import pytest
from _documents import SAMPLES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.chunkers.structure import Structure
from rag.core.protocols import Chunker, Loader
from rag.core.registry import Family
from rag.core.types import Block, BlockKind, Chunk, ParsedDocument

LOADERS = Family("indexing.loaders")
CHUNKERS = Family("indexing.chunkers")
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
KINDS: list[BlockKind] = ["heading", "paragraph", "list", "table", "code"]


def _words(text: str) -> list[int]:
    return [match.start() for match in re.finditer(r"\w+|[^\w\s]", text)]


def _chunker(name: str) -> Chunker:
    kind = CHUNKERS.load(name)
    chunker: Chunker = kind(_words) if name == "structure" else kind()
    return chunker


def _check(document: ParsedDocument, chunks: list[Chunk]) -> None:
    position = 0
    for chunk in chunks:
        assert position <= chunk.start < chunk.end <= len(document.text)
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()
        assert not document.text[position : chunk.start].strip(), "no text is lost"
        assert all(title.strip() for title in chunk.heading)
        position = chunk.end
    assert not document.text[position:].strip()


def _check_budget(document: ParsedDocument, chunks: list[Chunk], max_tokens: int) -> None:
    starts = _words(document.text)
    for chunk in chunks:
        assert bisect_left(starts, chunk.end) - bisect_left(starts, chunk.start) <= max_tokens


@cache
def _sample(loader: str) -> ParsedDocument:
    reader: Loader = LOADERS.load(loader)()
    return reader.load(SAMPLES[loader], name="sample")


@st.composite
def _documents(draw: st.DrawFn) -> ParsedDocument:
    text = draw(st.text(st.sampled_from("ab .\n\t#|é漢。😀\u200b"), max_size=400))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)))
    blocks = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        kind = draw(st.sampled_from(KINDS))
        blocks.append(Block(kind, start, end, draw(st.integers(1, 4)) if kind == "heading" else 0))
    return ParsedDocument(text, "title", blocks=tuple(blocks))


@pytest.mark.parametrize("chunker", CHUNKERS.names())
@pytest.mark.parametrize("loader", LOADERS.names())
def test_chunks_are_cut_out_of_what_loaders_give(loader: str, chunker: str) -> None:
    document = _sample(loader)
    _check(document, _chunker(chunker).chunk(document))


@pytest.mark.parametrize("chunker", CHUNKERS.names())
@FUZZ
@given(document=_documents())
def test_chunks_are_cut_out_of_any_text(chunker: str, document: ParsedDocument) -> None:
    _check(document, _chunker(chunker).chunk(document))


@pytest.mark.parametrize("chunker", CHUNKERS.names())
@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_blank_text_has_no_chunks(chunker: str, text: str) -> None:
    assert _chunker(chunker).chunk(ParsedDocument(text, "title")) == []


@FUZZ
@given(document=_documents(), max_tokens=st.integers(1, 40), data=st.data())
def test_no_chunk_is_over_the_budget(
    document: ParsedDocument, max_tokens: int, data: st.DataObject
) -> None:
    chunker = Structure(_words, max_tokens=max_tokens, min_tokens=data.draw(st.integers(0, max_tokens)))
    chunks = chunker.chunk(document)
    _check(document, chunks)
    _check_budget(document, chunks, max_tokens)


@pytest.mark.parametrize("max_tokens", [1, 2, 5, 17])
@pytest.mark.parametrize("loader", LOADERS.names())
def test_no_chunk_of_a_real_document_is_over_the_budget(loader: str, max_tokens: int) -> None:
    document = _sample(loader)
    chunks = Structure(_words, max_tokens=max_tokens, min_tokens=0).chunk(document)
    _check(document, chunks)
    _check_budget(document, chunks, max_tokens)
    assert all(len(_words(chunk.text)) <= max_tokens for chunk in chunks), "as the encoder counts it"


@FUZZ
@given(text=st.text(max_size=300), max_tokens=st.integers(1, 8))
def test_tokens_smaller_than_characters_end_no_chunk_inside_one(text: str, max_tokens: int) -> None:
    def bytes_of(value: str) -> list[int]:
        return [index for index, letter in enumerate(value) for _ in letter.encode(errors="replace")]

    document = ParsedDocument(text, "title")
    _check(document, Structure(bytes_of, max_tokens=max_tokens, min_tokens=0).chunk(document))
