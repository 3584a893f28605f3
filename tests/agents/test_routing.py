"""The graph hops where the retriever with the same gate does, and searches no oftener than it must."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agents.nodes import hop, route
from agents.parts import context_of
from agents.state import State
from agents.writing import show_nothing
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.settings import Part, Settings
from rag.core.types import ParsedDocument, SearchResult, Usage

FILMS = [
    ("Alpha Road", "Alpha Road is a film about a lonely rider. It was directed by Jane Okoro."),
    ("Jane Okoro", "Jane Okoro (born 1961) grew up in a harbour town. She was born in Lagos."),
    ("Beta Street", "Beta Street is a film about a rider, directed by Ann Lee."),
    ("The born rider", "Where a rider was born does not matter, says the director of many films."),
    *((f"Town {n}", f"A director was born in town {n}, says a film of number {n}.") for n in range(30)),
]
TWO_HOPS = "Where was the director of the film Alpha Road born?"
ONE_HOP = "what does the director of many films say"


@pytest.fixture(scope="module")
def grove(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grove]:
    routed = Part(kind="treehop", options={"retriever": "one-step", "when": "multihop"})
    grove = Grove(
        Settings(
            home=tmp_path_factory.mktemp("films"),
            encoder=Part(kind="hashing"),
            indexes="dense",
            retrievers={"routed": routed},
        )
    )
    texts = [(title, ParsedDocument(text, title)) for title, text in FILMS]
    index_corpus(grove, texts, collection="default")
    yield grove
    grove.database.close()


async def run(grove: Grove, question: str) -> tuple[State, list[str]]:
    """Give the state after the choice and the hops, and what hops were searched for."""
    context = await context_of(
        grove, collection="default", retriever="default", generator="extractive", filter=None
    )
    searched: list[str] = []
    search_on = context.hop
    assert search_on is not None

    def noted(text: str) -> SearchResult:
        searched.append(text)
        return search_on(text)

    context = replace(context, hop=noted)
    passages = context.search(question).passages
    state = State(query=question, searched=question, passages=passages, usage=Usage())
    state.update((await route(state, context, show_nothing)).update)
    if state["route"] == "hops":
        state.update((await hop(state, context, show_nothing)).update)
    return state, searched


@pytest.mark.parametrize(
    "question",
    [TWO_HOPS, ONE_HOP, "Who directed Beta Street?", "Is the director of Alpha Road older than Ann Lee?"],
)
def test_the_graph_reads_what_the_routed_retriever_finds(grove: Grove, question: str) -> None:
    state, _ = asyncio.run(run(grove, question))
    routed = grove.search(question, retriever="routed", k=6).passages
    assert [passage.chunk_id for passage in state["passages"]] == [each.chunk_id for each in routed]


def test_a_question_of_two_hops_is_searched_on_once(grove: Grove) -> None:
    state, searched = asyncio.run(run(grove, TWO_HOPS))
    assert state["route"] == "hops"
    assert searched == [TWO_HOPS]
    assert "Jane Okoro" in [passage.title for passage in state["passages"]]


@pytest.mark.parametrize("question", [ONE_HOP, "12 * 7"])
def test_what_no_hop_could_make_one_of_several_is_not_searched_on(grove: Grove, question: str) -> None:
    state, searched = asyncio.run(run(grove, question))
    assert state["route"] in ("plain", "tool")
    assert searched == []
