import asyncio
from pathlib import Path

import pytest

from agents.compound import joined, parts_of
from agents.runs import ask
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.events import AnswerFinished, StepFinished, TokenGenerated
from rag.core.settings import Settings
from rag.core.types import Answer, ParsedDocument

PLANS = (
    "The basic plan costs 9 dollars a month and allows 3 users. The team plan costs 29 dollars a month."
    " Felix Braun leads the support team. The office in Ghent was opened on 4 May 2019."
)


@pytest.fixture(scope="module")
def grove(tmp_path_factory: pytest.TempPathFactory) -> Grove:
    home: Path = tmp_path_factory.mktemp("home")
    grove = Grove(Settings(home=home))
    index_corpus(grove, [("plans.txt", ParsedDocument(PLANS, "Plans"))], collection="default")
    return grove


def asked(grove: Grove, question: str) -> tuple[Answer, list[StepFinished]]:
    async def gather() -> tuple[Answer, list[StepFinished]]:
        events = [event async for event in ask(grove, question)]
        (answer,) = (event.answer for event in events if isinstance(event, AnswerFinished))
        shown = "".join(event.text for event in events if isinstance(event, TokenGenerated))
        assert shown == answer.answer
        return answer, [event for event in events if isinstance(event, StepFinished)]

    return asyncio.run(gather())


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Who approved the plan and when was the club founded?",
            ["Who approved the plan?", "when was the club founded?"],
        ),
        ("When and where was it built?", ["When was it built?", "where was it built?"]),
        ("Is there parking and are dogs allowed?", ["Is there parking?", "are dogs allowed?"]),
        ("Who is the landlord? When is rent due?", ["Who is the landlord?", "When is rent due?"]),
        ("who is the chair and what is her number", ["who is the chair?", "what is the chair's number?"]),
        (
            "How much is the rent, when is it due and who is the landlord?",
            ["How much is the rent?", "when is the rent due?", "who is the landlord?"],
        ),
        ("Tell me who signed and when it ends", ["Tell me who signed?", "when it ends?"]),
    ],
)
def test_questions_that_are_joined_are_read_one_by_one(question: str, parts: list[str]) -> None:
    assert [part.query for part in parts_of(question)] == parts


@pytest.mark.parametrize(
    "question",
    [
        "What is the difference between A and B?",
        "What is the difference between what it costs and what it earns?",
        "How long do X and Y take?",
        "Who leads research and development?",
        "How do I save and load a file?",
        "What happened before and after the merger?",
        "What does it say about when and how to apply?",
        "Which rooms are quiet and have a window?",
        "Which employees who joined in 2019 and who left in 2020 got a bonus?",
        "After the merger, who left?",
        "terms and conditions",
    ],
)
def test_what_is_joined_inside_one_question_stays_whole(question: str) -> None:
    assert [(part.said, part.query) for part in parts_of(question)] == [(question, question)]


def test_a_part_without_a_subject_of_its_own_takes_that_of_the_one_before() -> None:
    asks = parts_of("What does the basic plan cost and how many users does it allow?")
    assert [part.said for part in asks] == [
        "What does the basic plan cost?",
        "how many users does it allow?",
    ]
    assert asks[1].query == "how many users does the basic plan allow?"


def test_a_subject_that_nobody_named_is_left_open() -> None:
    assert parts_of("Who approved it and when was it founded?")[1].query == "when was it founded?"


def test_a_sentence_that_both_answers_rest_on_stands_once() -> None:
    assert joined(["a\n\nA and b.", "b\n\nA and b."]) == "a\n\nb\n\nA and b."
    assert joined(["a\n\nA.", "b\n\nB."]) == "a\n\nA.\n\nb\n\nB."


def test_both_questions_are_answered_in_order_and_each_is_cited(grove: Grove) -> None:
    answer, steps = asked(grove, "Who leads the support team and when was the office in Ghent opened?")
    assert answer.answer.index("Felix Braun") < answer.answer.index("4 May 2019")
    assert not answer.refused
    cited = [answer.answer[each.answer_start : each.answer_end] for each in answer.citations]
    assert cited[0] == "Felix Braun"
    assert "4 May 2019" in cited
    assert all(sentence.supported for sentence in answer.sentences)
    assert steps[0].summary["parts"] == [
        "Who leads the support team?",
        "when was the office in Ghent opened?",
    ]


def test_a_question_that_is_not_answered_is_named_beside_the_answer_to_the_other(grove: Grove) -> None:
    answer, _ = asked(grove, "Who leads the support team and who painted the Mona Lisa?")
    assert not answer.refused
    assert answer.short_answer == "Felix Braun"
    assert answer.answer.endswith("Not found in the documents: who painted the Mona Lisa?")
    assert all(sentence.supported for sentence in answer.sentences)


def test_where_no_question_is_answered_all_are_refused(grove: Grove) -> None:
    answer, _ = asked(grove, "Who painted the Mona Lisa and when did the Titanic sink?")
    assert answer.refused


def test_a_misspelt_question_is_read_as_meant_and_the_answer_says_so(grove: Grove) -> None:
    answer, steps = asked(grove, "Who leads the suport team?")
    assert answer.short_answer == "Felix Braun"
    assert answer.answer.endswith("Spelling: read “suport” as “support”.")
    assert all(sentence.supported for sentence in answer.sentences)
    assert [step.summary["read_as"] for step in steps if "read_as" in step.summary] == [
        {"suport": "support"}
    ]


def test_a_refusal_says_how_a_misspelt_word_was_read(grove: Grove) -> None:
    answer, _ = asked(grove, "Where does the suport team have lunch?")
    assert answer.refused
    assert answer.answer.endswith("Spelling: read “suport” as “support”.")
