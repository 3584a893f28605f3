from dataclasses import dataclass

import pytest

from rag.core.protocols import SearchRequest
from rag.core.timings import Timings
from rag.core.types import Hit, Snapshot
from rag.retrieval.hybrid import Hybrid

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


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ValueError, match="rrf or score"):
        Hybrid([], fusion="magic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="3 weights for 1 retrievers"):
        Hybrid([Fixed("a")], weights=[1, 2, 3])
