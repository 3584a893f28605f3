import time

import pytest

from agents.followups import behind, stand_alone
from rag.core.protocols import Message

ARCHIVE = ("How long are readings kept in the archive?", "seven years\n\nThey are kept for seven years.")
ENGINE = ("Who designed the Analytical Engine?", "Charles Babbage\n\nIt was designed by Charles Babbage.")
LINES = ("What is the maximum line length for Python code?", "79 characters")
FRANCE = ("what is the capital of france", "Paris")
LEASE = ("What is a lease?", "A lease is a right to a job.")
ADA = ("When was Ada Lovelace born?", "1815")


BATTERY = ("How long does the battery of the indoor sensors last?", "three years")
BASIC = ("What does the basic plan cost?", "40 dollars\n\nThe basic plan costs 40 dollars a month.")
SUM = ("what is 12 * 40", "12 * 40 = 480")
ROWS = (
    "Which customers are from Sweden?",
    "Ada Lind\nBo Ekman\n[shop: SELECT customer.name FROM customer]",
)
FOUNDER = ("Who founded the Tamsin Institute?", "Pieter Haan")
LIST = (
    "Which documents are there?",
    "The collection holds 3 documents:\n1. a: Handbook\n2. b: Rules of the yard\n3. c: Minutes",
)
TABLE = ("Which stations are there?", "Station | Opened\n\nBirkenau | 2011\n\nNordkap | 2019")
BULLETS = ("What is in the box?", "- One sensor\n- A steel clamp")
AUTHORS = ("Who wrote the notes?", "Ada Lind and Bo Ekman\n\nWritten by Ada Lind and Bo Ekman in May.")
LOST = (
    "What does the handbook say about sensors?",
    "I could not find this in the documents. None of the 6 passages answers it, though words are there.",
)
MATHS = ("Who teaches maths?", "Ms Rowe")
BERTH = ("What does a small berth cost per night?", "18 EUR")
GERMAN = ("Wer hat das Tamsin-Institut gegründet?", "Pieter Haan")


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
        (BATTERY, "and the outdoor ones?", "How long does the battery of the outdoor sensors last?"),
        (BATTERY, "and outdoor sensors?", "How long does the battery of outdoor sensors last?"),
        (BASIC, "and the plus plan?", "What does the plus plan cost?"),
        (BASIC, "who needs it?", "who needs the basic plan?"),
        (BASIC, "what is 15% of that?", "what is 15% of 40?"),
        (SUM, "and times 2?", "480 times 2"),
        (ROWS, "Where does the second one live?", "Where does Bo Ekman live?"),
        (FOUNDER, "When?", "When was the Tamsin Institute founded?"),
        (("How long does it bake?", "1 h"), "at what temperature?", "At what temperature does it bake?"),
        (("When is the fair?", "9 May"), "what time?", "What time is the fair?"),
        (("What plans are there?", "Two"), "which one?", "which one?"),
        (("When was the bridge built?", "1907"), "What happened?", "What happened?"),
        (("When did Marie Curie move to Paris?", "1891"), "What is its size?", "What is Paris's size?"),
        (("Which bus goes there?", "14\n\nTake bus 14."), "when does it leave?", "when does bus 14 leave?"),
        (("Which part is cheap?", "Part: Bell\n\nBell | 9"), "how heavy is it?", "how heavy is Bell?"),
        (("Which floor is the lab on?", "3"), "when is it open?", "when is the lab open?"),
        (("Which rooms are free?", "A | B"), "which of them is big?", "which of the rooms is big?"),
        (("When is the zoo open on Fridays?", "9"), "when does it close?", "when does the zoo close?"),
        (
            ("when does the Fenland Express to Oslo leave", "9:30"),
            "when does it arrive",
            "when does the Fenland Express arrive",
        ),
        (FOUNDER, "tell me more", "Tell me more about the Tamsin Institute"),
        (FOUNDER, "when did he do that?", "When was the Tamsin Institute founded?"),
        (FOUNDER, "no, I meant the Haan Society", "Who founded the Haan Society?"),
        (FOUNDER, "say that again", "Who founded the Tamsin Institute?"),
        (ADA, "and her father?", "What is Ada Lovelace's father?"),
        (LIST, "open the second one", "open Rules of the yard"),
        (LIST, "what does the third say?", "what does Minutes say?"),
        (LIST, "open number 1", "open Handbook"),
        (TABLE, "when did the first one open?", "when did Birkenau open?"),
        (BULLETS, "what does the second cost?", "what does A steel clamp cost?"),
        (BATTERY, "in the yard?", "How long does the battery of the indoor sensors last in the yard?"),
        (ARCHIVE, "on the device?", "How long are readings kept on the device?"),
        (AUTHORS, "where does the latter live?", "where does Bo Ekman live?"),
        (ADA, "where?", "Where was Ada Lovelace born?"),
        (ADA, "and how did she do that?", "How was Ada Lovelace born?"),
        (ARCHIVE, "why?", "How long are readings kept in the archive? why?"),
        (MATHS, "and art", "Who teaches art?"),
        (MATHS, "when is it?", "when is maths?"),
        (BERTH, "and per month", "What does a small berth cost per month?"),
        (BERTH, "per month?", "What does a small berth cost per month?"),
        (BASIC, "and per year?", "What does the basic plan cost per year?"),
        (GERMAN, "Und wann?", "Wer hat das Tamsin-Institut gegründet? Und wann?"),
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


def test_a_long_line_of_marks_is_read_in_no_time() -> None:
    question, began = "-" * 6000 + " " + "x" * 2000, time.process_time()
    assert "x" * 2000 in stand_alone(question, said(LINES))
    assert time.process_time() - began < 0.5


def test_a_subject_is_carried_through_several_questions() -> None:
    history = said(ENGINE, ("When was it built?", "never"))
    assert stand_alone("Was it useful?", history) == "Was the Analytical Engine useful?"


def test_a_new_subject_takes_over() -> None:
    assert stand_alone("Who was her father?", said(ENGINE, ADA)) == "Who was Ada Lovelace's father?"


def test_what_goes_on_from_a_named_subject_keeps_it_for_the_next_question() -> None:
    income = ("What was the income of the Brook Foundation in 2022?", "3.1 million euros")
    history = said(income, ("and how many people were employed?", "41"))
    assert stand_alone("who is its chair?", history) == "who is the Brook Foundation's chair?"


def test_a_list_is_not_counted_beyond_its_end() -> None:
    assert "third" in stand_alone("Where does the third one live?", said(ROWS))


def test_two_numbers_before_are_none_to_reckon_on() -> None:
    two = ("How many people work there?", "41 in 2022 and 47 in 2023")
    assert stand_alone("times 2?", said(two)) == "times 2?"


def test_the_numbers_of_a_refusal_are_none_to_reckon_on() -> None:
    refused = (
        "What does it cost?",
        "I could not find this in the documents. None of the 6 passages answers it.",
    )
    assert "6" not in stand_alone("What is 15% of that?", said(refused))
    told = ("How far is it?", "From the mill it is about 6 kilometres to the old bridge.")
    assert "6" not in stand_alone("What is 15% of that?", said(told))


def test_more_can_be_asked_for_again() -> None:
    history = said(("Who wrote PEP 8?", "Guido van Rossum"), ("more", "It is a style guide."))
    assert stand_alone("What is it about?", history) == "What is PEP 8 about?"


@pytest.mark.parametrize("question", ["in the second one?", "the second one", "what time is it?"])
def test_what_counts_off_or_points_at_nothing_is_left_as_it_is(question: str) -> None:
    assert stand_alone(question, said(LOST)) == question


def test_the_former_is_one_of_two_alone() -> None:
    three = ("Who wrote it?", "Ada, Bo and Cy")
    assert stand_alone("where does the former live?", said(three)) == "where does the former live?"


@pytest.mark.parametrize("question", ["And in 2019?", "when?", "and?", "what of those?", "und wann?"])
def test_a_follow_up_to_a_long_question_is_no_longer_than_can_be_searched(question: str) -> None:
    long = said(("How long are the readings kept that follow? " + "71.3 of it, " * 1600, "seven years"))
    assert len(stand_alone(question, long)) < 5000
    assert len(behind(long[0].content, question)) < 5000


def test_what_a_long_question_names_is_still_what_a_pronoun_means() -> None:
    long = said(("who wrote " + "and wrote " * 2000 + "for the Tamsin Institute?", "seven years"))
    assert stand_alone("When was it founded?", long) == "When was the Tamsin Institute founded?"
