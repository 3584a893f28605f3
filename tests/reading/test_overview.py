"""Who asks what a document or a section is about gets its beginning; all other questions are left alone."""

import pytest
from _timing import least_seconds

from rag.core.types import Passage
from rag.reading.overview import overview

TEXT = (
    "Field Handbook\n\nThis handbook is for everyone.\n\n1. Who we are\n\n"
    "We run four stations. We are 63.\n\n"
    "2.2 Batteries\n\nBatteries are replaced in pairs. Spent ones go to the depot.\n- Never burn them\n\n"
    "2.3 Records\n\nReadings are kept for 30 days."
)


def passage(text: str = TEXT, *, start: int = 0, title: str = "Field Handbook") -> Passage:
    return Passage(f"{title}{start}", title, 1, "", title, None, start, start + len(text), 1.0, text)


def told(question: str, *passages: Passage) -> list[str]:
    found = overview(question, passages or [passage()])
    return [] if found is None else [found[0].text[start:end] for start, end in found[1]]


@pytest.mark.parametrize(
    "question",
    [
        "What is “Field Handbook” about?",
        "what's the handbook about",
        "Summarise the field handbook.",
        "Could you give me a short overview of the handbook?",
        "What does the handbook say?",
        "What is this document about?",
        "Summarize this file",
    ],
)
def test_a_document_is_told_by_its_first_sentences(question: str) -> None:
    assert told(question) == ["This handbook is for everyone.", "We run four stations.", "We are 63."]


@pytest.mark.parametrize(
    "question",
    [
        "What does the handbook say about batteries?",
        "What does it tell us about the batteries?",
        "Tell me about batteries.",
        "What about the batteries?",
        "batteries",
    ],
)
def test_a_section_is_told_up_to_the_next_heading(question: str) -> None:
    assert told(question) == [
        "Batteries are replaced in pairs.",
        "Spent ones go to the depot.",
        "- Never burn them",
    ]


@pytest.mark.parametrize(
    "question",
    [
        "How long are readings kept?",
        "What is a battery?",
        "What are batteries?",
        "How many stations are there?",
        "What does the handbook say about lightning?",
        "What is the almanac about?",
        "",
        "?",
    ],
)
def test_other_questions_are_left_alone(question: str) -> None:
    assert told(question) == []


def test_what_a_heading_says_is_asked_for_in_the_plural() -> None:
    leaflet = passage(
        "Nalorin\n\nSide effects\n\nTiredness and headache. Rarely a rash.\n\nStoring\n\nKeep it dry."
    )
    assert told("what are the side effects", leaflet) == ["Tiredness and headache.", "Rarely a rash."]
    assert told("What are the side effects of alcohol?", leaflet) == []
    assert told("What are the effects?", leaflet) == []


COTTAGE = """Cottage

Deposit: 90 EUR

Not included

- Laundry
- Airport transfer for 2

Room | Beds
Attic | 5

Quiet hours

From ten to six."""


@pytest.mark.parametrize(
    ("question", "given"),
    [
        ("laundry", ["Not included", "- Laundry"]),
        ("Tell me about the airport transfer.", ["Not included", "- Airport transfer for 2"]),
        ("Tell me about the quiet hours.", ["From ten to six."]),
        ("deposit", []),
        ("attic", []),
        ("What are the laundries?", []),
    ],
)
def test_an_item_is_told_by_itself_and_a_field_or_row_is_no_heading(
    question: str, given: list[str]
) -> None:
    assert told(question, passage(COTTAGE, title="Cottage")) == given


def test_a_hostile_question_takes_no_time() -> None:
    question = "what about " + ". " * 20_000 + "a"
    assert told(question) == []
    assert least_seconds(lambda: told(question)) < 0.1


def test_this_document_is_none_where_there_are_several() -> None:
    other = passage("Almanac\n\nIt is old.", title="Almanac")
    assert told("What is this document about?", passage(), other) == []
    assert told("What is the almanac about?", passage(), other) == ["It is old."]


def test_a_document_whose_beginning_was_not_found_is_not_told_by_its_middle() -> None:
    middle = passage("We run four stations. We are 63.", start=900)
    assert told("What is the handbook about?", middle) == []


def test_a_document_that_begins_with_a_title_page_is_told_from_the_page_behind_it() -> None:
    front = passage("Title: Handbook\nAuthor: Ada Lee\nStatus: Final\n\n")
    behind = passage("Abstract\n\nWe run four stations.", start=front.end)
    assert told("What is the handbook about?", behind, front) == ["We run four stations."]
    far = passage("Thanks\n\nWe thank them.", start=front.end + 900)
    assert told("What is the handbook about?", front, far) == []
