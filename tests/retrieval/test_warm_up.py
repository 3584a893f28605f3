"""What a server loads before it listens."""

from pathlib import Path

import pytest

from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.errors import DamagedSegmentError, NotFoundError
from rag.core.settings import Part, Settings
from rag.core.types import ParsedDocument


@pytest.fixture
def grove(tmp_path: Path) -> Grove:
    return Grove(Settings(home=tmp_path, encoder=Part(kind="hashing"), reader=Part(kind="none")))


def indexed(grove: Grove) -> list[Path]:
    """Index a document, and give the files of its segment that hold vectors."""
    text = "The depot opens at nine."
    index_corpus(grove, [("handbook.txt", ParsedDocument(text, "Handbook"))], collection="default")
    return list(Path(grove.settings.home_dir).rglob("vectors.faiss"))


def test_the_index_is_read_before_the_first_question(grove: Grove) -> None:
    (vectors,) = indexed(grove)
    fresh = Grove(grove.settings)
    fresh.warm_up()
    vectors.unlink()
    assert [hit.source for hit in fresh.search("depot", retriever="dense").passages] == ["handbook.txt"]


def test_without_documents_there_is_nothing_to_load(grove: Grove) -> None:
    grove.warm_up()
    with pytest.raises(NotFoundError):
        grove.search("depot")


def test_a_damaged_index_is_the_question_s_error_and_not_the_server_s(grove: Grove) -> None:
    (vectors,) = indexed(grove)
    vectors.unlink()
    fresh = Grove(grove.settings)
    fresh.warm_up()
    with pytest.raises(DamagedSegmentError):
        fresh.search("depot", retriever="dense")
