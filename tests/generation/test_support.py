import time

import pytest
from _passages import passage

from rag.encoders.minilm import Minilm
from rag.generation.support import Support

HANDBOOK = [
    passage("The depot is at Kungsgatan 12. It is open from Monday to Thursday."),
    passage("Recalibration is due every 24 months for indoor models.", document="d2"),
    passage("Ada Lovelace wrote the first program, for the machine of Charles Babbage.", document="d3"),
    passage("The bumblebee is the largest bee of the valley and flies first in spring.", document="d4"),
]


@pytest.fixture(scope="module", params=["words and vectors", "words alone"])
def support(request: pytest.FixtureRequest) -> Support:
    return Support(Minilm() if request.param == "words and vectors" else None)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Where is the depot?", "Kungsgatan"),
        ("When does the bumblebee fly?", "spring"),
        ("How often is an indoor model recalibrated?", "24 months"),
        ("Who wrote the first program?", "Ada Lovelace"),
        ("Which is the largest bee of the valley?", "bumblebee"),
    ],
)
def test_a_question_that_a_passage_answers_is_answerable(
    support: Support, question: str, answer: str
) -> None:
    assert support.answerable(question, HANDBOOK) > 0.5
    best = support.rank(question, HANDBOOK)[0]
    assert answer in best.passage.text[best.start : best.end]


@pytest.mark.parametrize(
    "question",
    [
        "Who won the football world cup in 1998?",
        "What is the boiling point of ethanol?",
        "How do I reset my password?",
        "Which river flows through Paris?",
    ],
)
def test_a_question_about_something_else_is_not(support: Support, question: str) -> None:
    assert support.answerable(question, HANDBOOK) < 0.5


def test_no_passages_answer_nothing(support: Support) -> None:
    assert support.answerable("Where is the depot?", []) == 0.0
    assert support.rank("Where is the depot?", []) == []
    assert support.evidence("The depot is here.", []) is None


def test_probabilities_are_probabilities_and_ranked(support: Support) -> None:
    ranked = [each.relevance for each in support.rank("Where is the depot?", HANDBOOK)]
    assert ranked == sorted(ranked, reverse=True)
    assert all(0 <= relevance <= 1 for relevance in ranked)


def test_a_sentence_in_other_words_finds_its_span(support: Support) -> None:
    evidence = support.evidence("Indoor models are due for recalibration every 24 months.", HANDBOOK)
    assert evidence is not None
    assert evidence.passage.document_id == "d2"
    assert evidence.relevance > 0.5


@pytest.mark.parametrize("size", [2000])
def test_a_long_passage_takes_time_in_proportion(size: int) -> None:
    words = Support()
    seconds = []
    for sentences in (size // 4, size):
        long = passage(" ".join(f"Row {number} holds value {number * 7}." for number in range(sentences)))
        started = time.perf_counter()
        assert words.evidence("The row 3 has a value of 21.", [long]) is not None
        seconds.append(time.perf_counter() - started)
    assert seconds[1] < 12 * seconds[0]  # four times the text; the square would take sixteen
