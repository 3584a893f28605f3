from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from rag.core.protocols import SearchRequest
from rag.core.timings import Timings
from rag.core.types import Row, Segment, Snapshot, Vector
from rag.retrieval.dense import Dense
from rag.retrieval.feedback import Feedback
from rag.retrieval.superglobal import Superglobal
from rag.scoring.feedback import superglobal
from rag.stores.memory import Memory


@dataclass
class Fixed:
    """An encoder that knows one question."""

    vector: Vector
    fingerprint: str = "fixed"
    dim: int = 3
    max_tokens: int = 100

    def encode(self, texts: Sequence[str]) -> Vector:
        return np.stack([self.vector for _ in texts])

    def token_starts(self, text: str) -> list[int]:
        return list(range(len(text)))


def unit(*values: float) -> Vector:
    vector = np.array(values, dtype=np.float32)
    return vector / np.linalg.norm(vector)


VECTORS = {
    "near": unit(1, 0.2, 0),
    "beside near": unit(0.68, 0.73, 0),
    "far": unit(0.7, 0, -0.7),
    "opposite": unit(-1, 0, 0),
}


@pytest.fixture
def store_and_segment() -> tuple[Memory, Segment]:
    store = Memory()
    rows = [Row(name, name, name, vector) for name, vector in VECTORS.items()]
    return store, store.stage(rows, session=None)  # type: ignore[arg-type]


@pytest.fixture
def encoder() -> Fixed:
    return Fixed(unit(1, 0, 0))


def asked(segment: Segment, encoder: Fixed) -> SearchRequest:
    return SearchRequest(
        "text", Snapshot("default", "c", 1, encoder.fingerprint, (segment,)), None, Timings()
    )


def names(hits: Sequence[object]) -> list[str]:
    return [hit.chunk_id for hit in hits]  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["average", "rocchio"])
def test_the_question_moves_towards_its_first_answer(
    store_and_segment: tuple[Memory, Segment], encoder: Fixed, method: str
) -> None:
    store, segment = store_and_segment
    request = asked(segment, encoder)
    assert names(Dense(store, encoder).retrieve(request, k=3)) == ["near", "far", "beside near"]
    moved = Feedback(store, encoder, method=method, feedback=1)  # type: ignore[arg-type]
    assert names(moved.retrieve(request, k=3)) == ["near", "beside near", "far"]


def test_no_feedback_is_dense_search(store_and_segment: tuple[Memory, Segment], encoder: Fixed) -> None:
    store, segment = store_and_segment
    request = asked(segment, encoder)
    assert Feedback(store, encoder, feedback=0).retrieve(request, k=4) == Dense(store, encoder).retrieve(
        request, k=4
    )


def test_superglobal_orders_the_best_anew_and_leaves_the_rest(
    store_and_segment: tuple[Memory, Segment], encoder: Fixed
) -> None:
    store, segment = store_and_segment
    request = asked(segment, encoder)
    hits = Superglobal(store, encoder, depth=3, neighbours=1).retrieve(request, k=4)
    best = ["near", "far", "beside near"]
    scores = superglobal(encoder.vector, np.stack([VECTORS[name] for name in best]), neighbours=1)
    assert [hit.score for hit in hits[:3]] == sorted(scores.tolist(), reverse=True)
    assert names(hits)[3] == "opposite"
    assert hits[3].score <= hits[2].score
    alone = Superglobal(store, encoder, depth=1).retrieve(request, k=4)
    assert alone == Dense(store, encoder).retrieve(request, k=4)


def test_wrong_options_are_refused() -> None:
    store, encoder = Memory(), Fixed(unit(1, 0, 0))
    with pytest.raises(ValueError, match="average, rocchio or lol"):
        Feedback(store, encoder, method="magic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="0 or more"):
        Feedback(store, encoder, feedback=-1)
    with pytest.raises(ValueError, match="max or mean"):
        Superglobal(store, encoder, expansion="sum")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="1 or more"):
        Superglobal(store, encoder, depth=0)
