from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from rag.compose import Grove
from rag.core.errors import ConflictError
from rag.core.filters import parse_filter
from rag.core.protocols import Retriever, SearchRequest
from rag.core.settings import Part, Settings
from rag.core.timings import Timings
from rag.core.types import Hit, Row, Snapshot, Vector
from rag.encoders.hashing import Hashing
from rag.retrieval.dense import Dense
from rag.retrieval.first import First
from rag.retrieval.hybrid import Hybrid
from rag.retrieval.lexical import Lexical
from rag.retrieval.rerank import Rerank
from rag.retrieval.tools import Tools
from rag.stores.memory import Memory

REQUEST = SearchRequest("text", Snapshot("default", "c", 1, "e", ()), None, Timings())


@dataclass
class Fixed:
    """A retriever that knows its hits beforehand, and remembers what it was asked."""

    ids: str
    asked: int = 0

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        self.asked = k
        return [Hit(name, float(len(self.ids) - place)) for place, name in enumerate(self.ids)][:k]


def found(hybrid: Hybrid, k: int = 10) -> str:
    return "".join(hit.chunk_id for hit in hybrid.retrieve(REQUEST, k=k))


def test_what_both_find_goes_before_what_one_finds() -> None:
    assert found(Hybrid([Fixed("abc"), Fixed("cde")])) == "cabde"


def test_weights_let_one_of_them_decide() -> None:
    assert found(Hybrid([Fixed("abc"), Fixed("cba")], weights=[1, 0.1])) == "abc"
    assert found(Hybrid([Fixed("abc"), Fixed("cba")], weights=[0.1, 1], fusion="score")) == "cba"


def test_each_is_asked_deep_enough_and_k_are_given() -> None:
    retrievers = [Fixed("abcdef"), Fixed("fedcba")]
    assert len(found(Hybrid(retrievers, depth=4), k=2)) == 2
    assert [retriever.asked for retriever in retrievers] == [4, 4]
    found(Hybrid(retrievers, depth=4), k=6)
    assert [retriever.asked for retriever in retrievers] == [6, 6]


def test_nothing_found_is_nothing_fused() -> None:
    assert found(Hybrid([Fixed(""), Fixed("")])) == ""


@dataclass
class Needy(Fixed):
    needs: tuple[str, ...] = ("late",)


def test_the_first_that_the_index_allows_is_asked() -> None:
    first = First([Needy("ab"), Fixed("xy")])
    with_late = replace(REQUEST, snapshot=replace(REQUEST.snapshot, others={"late": "e"}))
    assert [hit.chunk_id for hit in first.retrieve(REQUEST, k=2)] == ["x", "y"]
    assert [hit.chunk_id for hit in first.retrieve(with_late, k=2)] == ["a", "b"]
    with pytest.raises(ConflictError, match="kinds of index dense, which none"):
        First([Needy("ab")]).retrieve(REQUEST, k=2)
    with pytest.raises(ValueError, match="at least one"):
        First([])


def test_what_a_retriever_needs_is_known_through_those_around_it(tmp_path: Path) -> None:
    grove = Grove(Settings(home=tmp_path, encoder=Part(kind="hashing")))
    needy, easy = Needy("ab"), Fixed("xy")
    around: list[Retriever] = [
        Rerank(needy, NoScorer(), grove.catalog),
        Tools(needy, ENCODER, grove.catalog),
        First([needy, needy]),
        Hybrid([easy, needy]),
    ]
    for each in around:
        hits = First([each, easy]).retrieve(REQUEST, k=2)
        assert [hit.chunk_id for hit in hits] == ["x", "y"]
    assert First([needy, easy]).needs == ()


class NoScorer:
    def scores(self, query: str, passages: Sequence[str]) -> Vector:
        raise NotImplementedError


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ValueError, match="rrf or score"):
        Hybrid([], fusion="magic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="3 weights for 1 retrievers"):
        Hybrid([Fixed("a")], weights=[1, 2, 3])


ENCODER = Hashing(4096)  # so large that no two words of these texts collide
TEXTS = {
    "a": "river river river",
    "b": "river gauge",
    "c": "gauge of the snow",
    "d": "ice battery depot",
    "e": "river lake mast",
}


@pytest.fixture
def parts() -> tuple[Lexical, Dense, SearchRequest]:
    """Give both ways to search over one memory store, and the request for `river gauge`."""
    store = Memory()
    vectors = ENCODER.encode(list(TEXTS.values()))
    rows = [
        Row(name, f"{name}.1", text, vector, {"is_vowel": name in "ae"})
        for (name, text), vector in zip(TEXTS.items(), vectors, strict=True)
    ]
    segments = tuple(store.stage(part, session=Session()) for part in (rows[:2], rows[2:]))
    snapshot = Snapshot("default", "c", 1, ENCODER.fingerprint, segments)
    return Lexical(store), Dense(store, ENCODER), SearchRequest("river gauge", snapshot)


def ids(hits: list[Hit]) -> str:
    return "".join(hit.chunk_id for hit in hits)


def test_words_and_vectors_are_fused_as_by_hand(parts: tuple[Lexical, Dense, SearchRequest]) -> None:
    lexical, dense, request = parts
    assert ids(lexical.retrieve(request, k=9)) == "bace"  # d has none of the words
    cosines = dense.retrieve(request, k=9)
    assert ids(cosines) == "baecd"
    expected = [1, 1 / 2**0.5, 1 / 6**0.5, 1 / 8**0.5, 0]
    assert [hit.score for hit in cosines] == pytest.approx(expected, abs=1e-6)
    fused = Hybrid([lexical, dense]).retrieve(request, k=9)
    assert ids(fused) == "baced"  # c and e are a tie
    expected = [2 / 61, 2 / 62, 1 / 63 + 1 / 64, 1 / 63 + 1 / 64, 1 / 65]
    assert [hit.score for hit in fused] == pytest.approx(expected)


def test_weights_count_for_the_retriever_in_their_place(
    parts: tuple[Lexical, Dense, SearchRequest],
) -> None:
    lexical, dense, request = parts
    fused = Hybrid([lexical, dense], weights=[0.25, 2]).retrieve(request, k=9)
    assert ids(fused) == "baecd"
    expected = [2.25 / 61, 2.25 / 62, 0.25 / 64 + 2 / 63, 0.25 / 63 + 2 / 64, 2 / 65]
    assert [hit.score for hit in fused] == pytest.approx(expected)


def test_scores_are_fused_as_by_hand(parts: tuple[Lexical, Dense, SearchRequest]) -> None:
    lexical, dense, request = parts
    words = {hit.chunk_id: hit.score for hit in lexical.retrieve(request, k=9)}
    span = words["b"] - words["e"]
    expected = {
        "b": 2.0,
        "a": (words["a"] - words["e"]) / span + 1 / 2**0.5,
        "c": (words["c"] - words["e"]) / span + 1 / 8**0.5,
        "e": 1 / 6**0.5,
        "d": 0.0,
    }
    fused = Hybrid([lexical, dense], fusion="score").retrieve(request, k=9)
    assert {hit.chunk_id: hit.score for hit in fused} == pytest.approx(expected, abs=1e-6)
    assert ids(fused) == "baced"


def test_a_filter_narrows_what_each_of_them_ranks(parts: tuple[Lexical, Dense, SearchRequest]) -> None:
    lexical, dense, request = parts
    fused = Hybrid([lexical, dense], depth=2).retrieve(
        replace(request, filter=parse_filter({"is_vowel": False})), k=2
    )
    assert ids(fused) == "bc"  # not what is left of the first two
    assert [hit.score for hit in fused] == pytest.approx([2 / 61, 2 / 62])


def test_the_first_k_of_the_fused_are_given(parts: tuple[Lexical, Dense, SearchRequest]) -> None:
    lexical, dense, request = parts
    fused = [ids(Hybrid([lexical, dense]).retrieve(request, k=k)) for k in (1, 2, 4, 5, 100)]
    assert fused == ["b", "ba", "bace", "baced", "baced"]


def test_a_snapshot_without_segments_holds_nothing(
    parts: tuple[Lexical, Dense, SearchRequest],
) -> None:
    lexical, dense, request = parts
    nothing = replace(request, snapshot=replace(request.snapshot, segments=()))
    assert Hybrid([lexical, dense]).retrieve(nothing, k=5) == []
    assert Hybrid([lexical, dense], fusion="score").retrieve(nothing, k=5) == []


def test_each_stage_reports_to_the_clock_of_the_request(
    parts: tuple[Lexical, Dense, SearchRequest],
) -> None:
    lexical, dense, request = parts
    Hybrid([lexical, dense]).retrieve(request, k=1)
    assert list(request.timings.as_dict()) == ["lexical", "encode", "dense", "fusion"]
