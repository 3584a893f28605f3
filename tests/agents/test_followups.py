import pytest

from agents.followups import stand_alone
from rag.core.protocols import Message

ARCHIVE = ("How long are readings kept in the archive?", "seven years\n\nThey are kept for seven years.")
ENGINE = ("Who designed the Analytical Engine?", "Charles Babbage\n\nIt was designed by Charles Babbage.")
LINES = ("What is the maximum line length for Python code?", "79 characters")
FRANCE = ("what is the capital of france", "Paris")
LEASE = ("What is a lease?", "A lease is a right to a job.")
ADA = ("When was Ada Lovelace born?", "1815")


def said(*turns: tuple[str, str]) -> list[Message]:
    return [
        message
        for question, answer in turns
        for message in (Message("user", question), Message("assistant", answer))
    ]


@pytest.mark.parametrize(
    ("before", "question", "expected"),
    [
        (ENGINE, "When was it built?", "When was the Analytical Engine built?"),
        (ENGINE, "Where was he born?", "Where was Charles Babbage born?"),
        (ADA, "Where did she die?", "Where did Ada Lovelace die?"),
        (ADA, "Who was her father?", "Who was Ada Lovelace's father?"),
        (ARCHIVE, "And on the device?", "How long are readings kept on the device?"),
        (LINES, "What about docstrings?", "What is the maximum line length for docstrings?"),
        (LINES, "why?", "What is the maximum line length for Python code? why?"),
        (LEASE, "How do I renew one?", "How do I renew a lease?"),
        (LEASE, "Does it expire?", "Does a lease expire?"),
        (FRANCE, "how many people live there?", "how many people live in the capital of france?"),
        (("What was the revenue in 2018?", "5"), "And in 2019?", "What was the revenue in 2019?"),
        (
            ("What does the scheduler do?", "It plans."),
            "Is that configurable?",
            "Is the scheduler configurable?",
        ),
    ],
)
def test_a_follow_up_gets_its_subject(before: tuple[str, str], question: str, expected: str) -> None:
    assert stand_alone(question, said(before)) == expected


@pytest.mark.parametrize(
    "question",
    [
        "How long must the handover notes be kept?",
        "What is PEP 8 and who wrote it?",
        "When did Nigeria launch its first satellite?",
        "How long does it take to reach the summit?",
        "Who said that the lake was frozen?",
        "Spaces vs tabs",
        "Is there a limit?",
        "Und wie lange auf dem Gerät?",
        "それはどこですか",
    ],
)
def test_what_stands_alone_is_left_as_it_is(question: str) -> None:
    assert stand_alone(question, said(LINES)) == question
    assert stand_alone(question) == question


def test_a_subject_is_carried_through_several_questions() -> None:
    history = said(ENGINE, ("When was it built?", "never"))
    assert stand_alone("Was it useful?", history) == "Was the Analytical Engine useful?"


def test_a_new_subject_takes_over() -> None:
    assert stand_alone("Who was her father?", said(ENGINE, ADA)) == "Who was Ada Lovelace's father?"
