"""What a scorer orders anew, and what stays as it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.protocols import SearchRequest
from rag.core.settings import Part, Settings
from rag.core.types import Hit, ParsedDocument, Vector
from rag.retrieval.rerank import Rerank

TEXTS = ["snow", "snow snow ice", "snow snow snow lake", "snow snow snow snow river"]


@dataclass
class Shortest:
    """A scorer that likes short passages, and remembers how many it was asked about."""

    asked: int = 0

    def scores(self, query: str, passages: Sequence[str]) -> Vector:
        self.asked = len(passages)
        return np.array([-len(text) for text in passages], dtype=np.float32)


@pytest.fixture
def grove(tmp_path: Path) -> Grove:
    grove = Grove(Settings(home=tmp_path, encoder=Part(kind="hashing")))
    documents = [(f"{n}.txt", ParsedDocument(text, "")) for n, text in enumerate(TEXTS)]
    index_corpus(grove, documents, collection="default")
    return grove


def retrieved(grove: Grove, scorer: Shortest, *, depth: int, k: int) -> tuple[list[Hit], list[Hit]]:
    """Give what is found below and what becomes of it."""
    request = SearchRequest("snow", grove.catalog.snapshot("default"))
    below = grove.retriever("lexical")
    reranked = Rerank(below, scorer, grove.catalog, depth=depth)
    return below.retrieve(request, k=len(TEXTS)), reranked.retrieve(request, k=k)


def test_the_best_are_in_the_order_of_the_scorer(grove: Grove) -> None:
    _, hits = retrieved(grove, Shortest(), depth=4, k=4)
    sources = [passage.source for passage in grove.catalog.passages(hits)]
    assert sources == ["0.txt", "1.txt", "2.txt", "3.txt"]


def test_what_lies_deeper_stays_where_it_was(grove: Grove) -> None:
    scorer = Shortest()
    before, after = retrieved(grove, scorer, depth=2, k=4)
    assert scorer.asked == 2
    assert {hit.chunk_id for hit in after[:2]} == {hit.chunk_id for hit in before[:2]}
    assert [hit.chunk_id for hit in after[2:]] == [hit.chunk_id for hit in before[2:]]
    assert [hit.score for hit in after] == sorted((hit.score for hit in after), reverse=True)


def test_more_are_judged_than_are_given(grove: Grove) -> None:
    scorer = Shortest()
    _, hits = retrieved(grove, scorer, depth=4, k=1)
    assert scorer.asked == 4
    assert [passage.source for passage in grove.catalog.passages(hits)] == ["0.txt"]


def test_one_hit_needs_no_judge(grove: Grove) -> None:
    scorer = Shortest()
    before, after = retrieved(grove, scorer, depth=1, k=4)
    assert (scorer.asked, after) == (0, before)


def test_what_was_deleted_meanwhile_takes_no_score_of_another(grove: Grove) -> None:
    class Slow:
        """A retriever that finds what is gone when it has found it."""

        def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
            hits = grove.retriever("lexical").retrieve(request, k=k)
            return [hits[0], Hit("gone", hits[0].score), *hits[1:]]

    request = SearchRequest("snow", grove.catalog.snapshot("default"))
    hits = Rerank(Slow(), Shortest(), grove.catalog).retrieve(request, k=10)
    texts = [passage.text for passage in grove.catalog.passages(hits)]
    assert [hit.score for hit in hits] == [-len(text) for text in texts]
    assert texts == TEXTS


def test_a_depth_of_nothing_is_refused(grove: Grove) -> None:
    with pytest.raises(ValueError, match="depth is 1 or more, got 0"):
        retrieved(grove, Shortest(), depth=0, k=1)
