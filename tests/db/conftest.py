"""Databases of both kinds, and a small library in each."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from _library import Library

from rag.core.layout import Box, BoxSpan, Layout, PageSpan
from rag.core.types import Chunk, ParsedDocument
from rag.db.publish import EncodedDocument
from rag.db.session import Database, open_database
from rag.stores.memory import Memory

LAYOUT = Layout(
    (PageSpan(1, 0, 10), PageSpan(2, 11, 400)),
    (BoxSpan(0, 4, Box(1, 0.1, 0.1, 0.2, 0.12)), BoxSpan(11, 15, Box(2, 0.1, 0.5, 0.25, 0.52))),
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'grove.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def library(database: Database) -> Library:
    return Library.of(database, Memory())


@pytest.fixture
def library_of(database: Database) -> Callable[[str], Library]:
    """Give libraries of several tenants over one database and one store."""
    store = Memory()
    return lambda tenant: Library.of(database, store, tenant)


@pytest.fixture
def encoded() -> Callable[..., EncodedDocument]:
    """Make documents: a chunk a word."""

    def make(source: str, text: str = "some words here", *, has_pages: bool = False) -> EncodedDocument:
        starts = [0, *(index + 1 for index, character in enumerate(text) if character == " ")]
        words = text.split(" ")
        chunks = [
            Chunk(start, start + len(word), word, ("Top", "Below"))
            for start, word in zip(starts, words, strict=True)
        ]
        document = ParsedDocument(text, f"Title of {source}", metadata={"tags": ("a", "b"), "year": 2024})
        if has_pages:
            document = replace(document, layout=LAYOUT)
        vectors = np.eye(len(words), 8, dtype=np.float32)
        return EncodedDocument(
            source, hashlib.sha256(text.encode()).hexdigest(), "1", document, chunks, vectors
        )

    return make
