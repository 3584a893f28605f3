"""Hops: what is found leads on, by names and by vectors, within its limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch

from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.errors import ConflictError, InvalidInputError
from rag.core.protocols import SearchRequest
from rag.core.queries import VectorQuery
from rag.core.settings import Part, Settings
from rag.core.types import Hit, ParsedDocument, Passage, Row, Segment, Snapshot
from rag.networks.treehop import TreeHop
from rag.retrieval._hops import Hopper
from rag.retrieval._texts import PassageTexts
from rag.retrieval._walk import Limits, walk
from rag.retrieval._windows import left_over, windows
from rag.scoring.hops import MODELS
from rag.stores.memory import Memory

FILMS = [
    ("Alpha Road", "Alpha Road is a film about a lonely rider. It was directed by Jane Okoro."),
    ("Jane Okoro", "Jane Okoro (born 1961) grew up in a harbour town. She was born in Lagos."),
    ("Beta Street", "Beta Street is a film about a rider, directed by Ann Lee."),
    ("The born rider", "Where a rider was born does not matter, says the director of many films."),
    *((f"Town {n}", f"A director was born in town {n}, says a film of number {n}.") for n in range(30)),
]
QUESTION = "Where was the director of the film Alpha Road born?"


def library(home: Any, *, titles: bool) -> Grove:
    settings = Settings(home=home, encoder=Part(kind="hashing"), indexes="dense")
    grove = Grove(settings)
    texts = [(title, ParsedDocument(text, title if titles else "")) for title, text in FILMS]
    index_corpus(grove, texts, collection="default")
    return grove


@pytest.mark.parametrize("titles", [True, False])
def test_a_name_in_what_was_found_leads_to_what_it_names(tmp_path: Any, titles: bool) -> None:
    grove = library(tmp_path, titles=titles)
    one_step = [passage.source for passage in grove.search(QUESTION, retriever="hybrid", k=3).passages]
    hops = [passage.source for passage in grove.search(QUESTION, retriever="treehop", k=3).passages]
    assert "Jane Okoro" not in one_step
    assert {"Alpha Road", "Jane Okoro"} <= set(hops)


def test_without_hops_nothing_is_followed(tmp_path: Any) -> None:
    pipelines = {"still": Part(kind="treehop", options={"hops": 0, "when": "always"})}
    settings = Settings(home=tmp_path, encoder=Part(kind="hashing"), indexes="dense", retrievers=pipelines)
    grove = Grove(settings)
    texts = [(title, ParsedDocument(text, title)) for title, text in FILMS]
    index_corpus(grove, texts, collection="default")
    found = [passage.source for passage in grove.search(QUESTION, retriever="still", k=3).passages]
    assert "Alpha Road" in found
    assert "Jane Okoro" not in found


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"parts": ["words"]}, "parts are names, vectors or both"),
        ({"parts": []}, "parts are"),
        ({"when": "never"}, "always or multihop"),
        ({"branches": 0}, "branches and depth are 1 or more"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Any, options: dict[str, Any], complaint: str) -> None:
    settings = Settings(home=tmp_path, retrievers={"wrong": Part(kind="treehop", options=options)})
    with pytest.raises(InvalidInputError, match=complaint):
        Grove(settings).retriever("wrong")


def test_vectors_of_another_encoder_are_not_followed(tmp_path: Any) -> None:
    pipelines = {"vectors": Part(kind="treehop", options={"parts": ["vectors"]})}
    settings = Settings(home=tmp_path, encoder=Part(kind="hashing"), indexes="dense", retrievers=pipelines)
    grove = Grove(settings)
    grove.ensure_collection("default")
    with pytest.raises(ConflictError, match=r"MiniLM.*hashing"):
        grove.search(QUESTION, retriever="vectors")


@dataclass
class Recorder(Memory):
    """A store that remembers what vectors it was asked for."""

    asked: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def search(self, query: Any, segments: Sequence[Segment], **options: Any) -> list[Hit]:
        if isinstance(query, VectorQuery):
            self.asked.append(query.vector)
        return super().search(query, segments, **options)


@dataclass
class World:
    """Passages at random in space, and a hopper that follows vectors alone."""

    store: Recorder
    hopper: Hopper
    request: SearchRequest
    hits: list[Hit]
    question: np.ndarray


@pytest.fixture
def world() -> World:
    chooser = np.random.default_rng(0)
    vectors = chooser.normal(size=(201, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store = Recorder()
    rows = [Row(str(n), str(n), f"text {n}", vector) for n, vector in enumerate(vectors[1:])]
    segment = store.stage(rows, session=None)  # type: ignore[arg-type]  # kept in memory
    torch.manual_seed(0)
    module = TreeHop(16, gate=32).requires_grad_(False).eval()
    request = SearchRequest("question", Snapshot("t", "c", 1, "random", (segment,)))
    hits = store.search(VectorQuery(vectors[0]), [segment], filter=None, k=10)
    store.asked.clear()
    return World(
        store, Hopper(store, PassageTexts(_passages), module.hop, by_names=False), request, hits, vectors[0]
    )


@pytest.mark.parametrize(
    ("count", "windows_found"), [(0, 0), (1, 1), (8, 1), (9, 2), (12, 2), (13, 3), (999, 40)]
)
def test_windows_cover_a_text_to_its_end_or_their_limit(count: int, windows_found: int) -> None:
    words = [f"w{number}" for number in range(count)]
    found = windows(" ".join(words), 8)
    assert len(found) == windows_found
    assert {word for window in found for word in window.split()} == set(words[: 4 * windows_found + 4])


def _passages(hits: Sequence[Hit]) -> list[Passage]:
    return [
        Passage(hit.chunk_id, hit.chunk_id, 1, hit.chunk_id, "", None, 0, 0, 0.0, "text") for hit in hits
    ]


def test_each_hop_costs_the_same(world: World) -> None:
    for hops in range(4):
        world.store.asked.clear()
        tree = world.hopper.start(world.request, world.hits, world.question)
        walk(world.hopper, world.request, tree, MODELS[False, True], Limits(hops, 3, 0.0))
        assert len(world.store.asked) == 3 * hops


def test_states_are_searched_at_unit_norm_and_carried_as_they_are(world: World) -> None:
    tree = world.hopper.start(world.request, world.hits, world.question)
    world.hopper.hop(world.request, tree, [hit.chunk_id for hit in world.hits[:3]])
    assert [float(np.linalg.norm(each)) for each in world.store.asked] == pytest.approx([1.0] * 3)
    norms = [float(np.linalg.norm(state)) for state in tree.states.values()]
    assert all(abs(norm - 1) > 0.01 for norm in norms)


def test_a_passage_is_followed_once_and_appears_once(world: World) -> None:
    tree = world.hopper.start(world.request, world.hits, world.question)
    chances = walk(world.hopper, world.request, tree, MODELS[False, True], Limits(3, 4, 0.0))
    assert len(tree.states) == 3 * 4
    assert set(chances) == set(tree.texts)


def test_what_is_unlikely_is_not_followed(world: World) -> None:
    tree = world.hopper.start(world.request, world.hits, world.question)
    walk(world.hopper, world.request, tree, MODELS[False, True], Limits(3, 4, 1.0))
    assert tree.states == {}


def test_a_window_leads_to_the_passage_nearest_to_it_whatever_the_words(world: World) -> None:
    far = world.store.vectors(["7"], world.request.snapshot.segments)
    hopper = replace(world.hopper, windows=lambda text, words: np.concatenate([-far, far]))
    tree = hopper.start(world.request, world.hits, world.question)
    assert tree.led["7"] == 1
    assert dict(zip(tree.texts, tree.nodes(list(tree.texts))[:, 3:], strict=True))["7"] == pytest.approx(
        [1, 1]
    )
    (edges,) = hopper.hop(world.request, tree, [world.hits[0].chunk_id])
    bridge, mention, *_ = edges.features[edges.children.index("7")]
    assert (bridge, mention) == pytest.approx((1, 1))
    assert edges.features[:, 0].max() == bridge


def test_what_a_passage_answers_of_the_question_does_not_count_again(world: World) -> None:
    hopper = replace(world.hopper, windows=lambda text, words: world.question[None])
    tree = hopper.start(world.request, world.hits, world.question)
    parent = world.hits[0].chunk_id
    (edges,) = hopper.hop(world.request, tree, [parent])
    rest = left_over(world.question, tree.vectors[parent])
    assert rest @ tree.vectors[parent] == pytest.approx(0, abs=1e-6)
    expected = [rest @ tree.vectors[child] for child in edges.children]
    assert edges.features[:, 2].tolist() == pytest.approx(expected, abs=1e-6)


def test_a_passage_without_words_leads_nowhere_by_windows(world: World) -> None:
    hopper = replace(world.hopper, step=None, windows=lambda text, words: np.zeros((0, 16), np.float32))
    tree = hopper.start(world.request, world.hits, world.question)
    assert [edges.children for edges in hopper.hop(world.request, tree, [world.hits[0].chunk_id])] == [()]


def test_a_passage_deleted_in_between_is_left_out(world: World) -> None:
    hopper = Hopper(
        world.store,
        PassageTexts(
            lambda hits: [each for each in _passages(hits) if each.chunk_id != world.hits[0].chunk_id]
        ),
        world.hopper.step,
        by_names=False,
    )
    tree = hopper.start(world.request, world.hits, world.question)
    chances = walk(hopper, world.request, tree, MODELS[False, True], Limits(2, 4, 0.0))
    assert world.hits[0].chunk_id not in chances


def test_a_passage_is_read_from_the_catalog_once() -> None:
    asked: list[str] = []

    def find(hits: Sequence[Hit]) -> list[Passage]:
        asked.extend(hit.chunk_id for hit in hits)
        return [each for each in _passages(hits) if each.chunk_id != "gone"]

    texts = PassageTexts(find, size=2)
    assert list(texts(["1", "gone", "2"])) == ["1", "2"]
    assert list(texts(["2", "1"])) == ["2", "1"]
    assert asked == ["1", "gone", "2"]
    texts(["3", "2"])  # one too many: the one that was asked for longest ago goes
    assert list(texts(["1"])) == ["1"]
    assert asked[3:] == ["3", "1"]


def test_the_same_words_are_looked_up_once(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    grove = library(tmp_path, titles=True)
    asked: list[str] = []
    search = type(grove.store).search

    def counted(self: Any, query: Any, *rest: Any, **options: Any) -> list[Hit]:
        asked.append(getattr(query, "text", ""))
        return search(self, query, *rest, **options)

    monkeypatch.setattr(type(grove.store), "search", counted)
    grove.search(f"{QUESTION} And of Beta Street?", retriever="treehop", k=3)
    words = [text for text in asked[2:] if text]  # behind the first search
    assert len(words) == len(set(words)) > 0
