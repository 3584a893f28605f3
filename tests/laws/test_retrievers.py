"""Every retriever keeps these laws, over every store; a new file of rag/retrieval is tested as it is."""

from collections.abc import Iterator
from typing import Any

import pytest

from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.errors import ConflictError
from rag.core.registry import Family
from rag.core.settings import Part, Settings
from rag.core.types import ParsedDocument

NAMES = [*Family("rag.retrieval").names(), "hybrid+late"]
KINDS: dict[str, Any] = {
    "indexes": "dense,late,long",
    "late_encoder": Part(kind="hashing_late"),
    "long_encoder": Part(kind="hashing_long"),
}
SUBJECTS = "snow ice river lake mast gauge sensor archive depot battery".split()


@pytest.fixture(scope="module", params=["faiss", pytest.param("pgvector", marks=pytest.mark.postgres)])
def grove(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grove]:
    url = None
    if request.param == "pgvector":
        url = request.getfixturevalue("_postgres_server").new_database()
    grove = Grove(
        Settings(
            home=tmp_path_factory.mktemp("home"),
            encoder=Part(
                kind="hashing", options={"dim": 4000}
            ),  # so large that no two of our words collide
            store=Part(kind=request.param),
            database_url=url,
            **KINDS,
        )
    )
    documents = [
        (
            f"{subject}.txt",
            ParsedDocument(
                f"{subject} {subject} {subject}, and {other}.", subject, metadata={"even": n % 2 == 0}
            ),
        )
        for n, (subject, other) in enumerate(zip(SUBJECTS, SUBJECTS[1:] + SUBJECTS[:1], strict=True))
    ]
    index_corpus(grove, documents, collection="default")
    grove.ensure_collection("empty")
    yield grove
    grove.database.close()


@pytest.fixture(params=NAMES)
def retriever(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize("name", sorted({*NAMES} - {"rerank"}))  # whose order is a language model's
def test_the_right_document_is_first(grove: Grove, name: str) -> None:
    for subject in SUBJECTS:
        assert grove.search(subject, retriever=name, k=3).passages[0].source == f"{subject}.txt"


@pytest.mark.parametrize("k", [1, 3, 100])
def test_hits_are_distinct_sorted_and_at_most_k(grove: Grove, retriever: str, k: int) -> None:
    found = grove.search("the river and the lake", retriever=retriever, k=k).passages
    assert 0 < len(found) <= k
    assert len({passage.chunk_id for passage in found}) == len(found)
    assert [passage.score for passage in found] == sorted((p.score for p in found), reverse=True)


def test_fewer_hits_are_the_first_of_more(grove: Grove, retriever: str) -> None:
    few, many = (grove.search("river lake", retriever=retriever, k=k).passages for k in (3, 8))
    assert few == many[:3]


def test_a_filter_is_kept(grove: Grove, retriever: str) -> None:
    found = grove.search("snow and lake", retriever=retriever, k=10, filter={"even": False}).passages
    assert {passage.source for passage in found} <= {f"{subject}.txt" for subject in SUBJECTS[1::2]}
    assert found


def test_an_empty_collection_gives_nothing(grove: Grove, retriever: str) -> None:
    assert grove.search("snow", collection="empty", retriever=retriever).passages == []


def test_the_same_search_gives_the_same_hits(grove: Grove, retriever: str) -> None:
    first, second = (grove.search("snow and ice", retriever=retriever).passages for _ in range(2))
    assert first == second


@pytest.fixture(scope="module")
def shrunk(tmp_path_factory: pytest.TempPathFactory) -> Grove:
    """Open an installation that has had a document more."""
    grove = Grove(Settings(home=tmp_path_factory.mktemp("shrunk"), encoder=Part(kind="hashing"), **KINDS))
    texts = [(f"{n}.txt", ParsedDocument(f"the snow of day {n}", "")) for n in range(4)]
    index_corpus(grove, texts, collection="default")
    grove.publisher.delete_documents("default", source="2.txt")
    return grove


def test_what_was_deleted_is_never_found(shrunk: Grove, retriever: str) -> None:
    found = shrunk.search("snow of day 2", retriever=retriever).passages
    assert sorted(passage.source for passage in found) == ["0.txt", "1.txt", "3.txt"]


def test_another_encoder_than_that_of_the_index_is_refused(grove: Grove) -> None:
    other = Grove(grove.settings.model_copy(update={"encoder": Part(kind="hashing", options={"dim": 64})}))
    with pytest.raises(ConflictError, match=r"hashing-4000.*hashing-64"):
        other.search("snow", retriever="dense")
