"""Queries written anew, with a writer whose texts are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.core.protocols import SearchRequest
from rag.core.settings import Part, Settings
from rag.core.types import Hit, ParsedDocument
from rag.retrieval.dense import Dense
from rag.retrieval.gencrf import Gencrf

TEXTS = ("snow on the lake", "ice on the river", "the gauge of the river", "a battery for the gauge")
PROMPTS = ["rewrite_context", "rewrite_detail", "rewrite_aspect"]


@dataclass
class Scripted:
    """A writer that gives fixed texts by task and keeps what it was asked."""

    texts: Mapping[str, str]
    asked: list[tuple[str, list[int]]] = field(default_factory=list)

    def write(self, task: str, values: Mapping[str, str], *, seeds: Sequence[int]) -> list[str]:
        self.asked.append((task, list(seeds)))
        return [self.texts.get(task, "snow")] * len(seeds)

    @property
    def calls(self) -> int:
        return sum(len(seeds) for _, seeds in self.asked)


@pytest.fixture(scope="module")
def grove(tmp_path_factory: pytest.TempPathFactory) -> Grove:
    encoder = Part(kind="hashing", options={"dim": 4096})
    grove = Grove(Settings(home=tmp_path_factory.mktemp("home"), encoder=encoder, indexes="dense"))
    documents = [(f"{n}.txt", ParsedDocument(text, "")) for n, text in enumerate(TEXTS)]
    index_corpus(grove, documents, collection="default")
    return grove


def search(grove: Grove, retriever: Gencrf, text: str = "snow") -> tuple[list[Hit], dict[str, int]]:
    request = SearchRequest(text, grove.catalog.snapshot("default"))
    return retriever.retrieve(request, k=4), request.timings.counts


def made(grove: Grove, writer: Scripted | None, **options: object) -> Gencrf:
    return Gencrf(grove.store, grove.encoder, grove.catalog, writer, **options)  # type: ignore[arg-type]


def test_a_round_takes_six_variants_and_one_grouping(grove: Grove) -> None:
    writer = Scripted({"rewrite_intents": "1. snow\n2. river ice"})
    _, counts = search(grove, made(grove, writer))
    assert [task for task, _ in writer.asked] == [*PROMPTS, "rewrite_intents"]
    assert all(seeds == [0, 1] for _, seeds in writer.asked[:3])
    assert counts == {"rounds": 1, "model_calls": 7}
    assert writer.calls == 7


def test_a_judge_is_asked_once_an_intent(grove: Grove) -> None:
    writer = Scripted({"rewrite_intents": "1. snow\n2. river ice", "rewrite_judge": "90"})
    _, counts = search(grove, made(grove, writer, weights="score"))
    assert counts["model_calls"] == writer.calls == 9


def test_intents_unlike_the_question_change_no_ranking(grove: Grove) -> None:
    dense = Dense(grove.store, grove.encoder).retrieve(
        SearchRequest("snow", grove.catalog.snapshot("default")), k=4
    )
    unlike = Scripted({"rewrite_intents": "1. battery\n2. gauge"})
    refused = Scripted({"rewrite_intents": "1. battery", "rewrite_judge": "bad"})
    for retriever in (made(grove, unlike), made(grove, refused, weights="score")):
        assert [hit.chunk_id for hit in search(grove, retriever)[0]] == [hit.chunk_id for hit in dense]


def test_an_intent_brings_what_the_question_would_not_find_first(grove: Grove) -> None:
    (first, *_), _ = search(
        grove, made(grove, Scripted({"rewrite_intents": "1. battery"}), weights="fixed")
    )
    second = search(grove, made(grove, Scripted({"rewrite_intents": "1. battery"}), weights="fixed"))[0][1]
    assert [each.source for each in grove.catalog.passages([first, second])] == ["0.txt", "3.txt"]


def test_what_is_no_list_is_grouped_by_vectors_and_counted(grove: Grove) -> None:
    writer = Scripted({"rewrite_intents": "Sure, here you are.", "rewrite_detail": "river ice"})
    hits, counts = search(grove, made(grove, writer))
    assert counts["ungrouped"] == 1
    assert hits


@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_the_loop_ends_after_its_rounds_with_new_seeds_each(grove: Grove, rounds: int) -> None:
    writer = Scripted({"rewrite_intents": "1. snow"})
    _, counts = search(grove, made(grove, writer, rounds=rounds, min_reward=2.0))  # never reached
    assert counts == {"rounds": rounds, "model_calls": 7 * rounds}
    seeds = [seed for task, seeds in writer.asked if task == "rewrite_context" for seed in seeds]
    assert seeds == list(range(2 * rounds))


def test_a_good_round_ends_the_loop(grove: Grove) -> None:
    _, counts = search(grove, made(grove, Scripted({}), rounds=3, min_reward=-1.0))
    assert counts["rounds"] == 1


def test_without_a_model_no_call_is_made_and_words_of_first_answers_take_part(grove: Grove) -> None:
    hits, counts = search(grove, made(grove, None, rounds=2, min_reward=2.0))
    assert counts == {"rounds": 2}
    assert grove.catalog.passages(hits)[0].source == "0.txt"


def test_wrong_options_say_what_is_missing(grove: Grove) -> None:
    with pytest.raises(ValueError, match="needs a language model as judge"):
        made(grove, None, weights="score")
    with pytest.raises(ValueError, match="sim, score or fixed"):
        made(grove, None, weights="magic")
    with pytest.raises(ValueError, match="1 or more"):
        made(grove, None, rounds=0)


def test_the_writer_is_a_generator_named_in_the_options(tmp_path: Path) -> None:
    way = Part(kind="gencrf", options={"writer": "echo"})
    settings = Settings(home=tmp_path, encoder=Part(kind="hashing"), retrievers={"anew": way})
    grove = Grove(settings)
    index_corpus(grove, [("a.txt", ParsedDocument("snow on the lake", ""))], collection="default")
    found = grove.search("snow", retriever="anew")
    assert (found.passages[0].source, found.counts["model_calls"]) == ("a.txt", 7)
    with pytest.raises(InvalidInputError, match="no generator 'absent'"):
        Grove(
            settings.model_copy(
                update={"retrievers": {"anew": Part(kind="gencrf", options={"writer": "absent"})}}
            )
        ).search("snow", retriever="anew")
