"""A question for what a list is of gets all of it, and one for an item does not."""

import pytest

from rag.core.types import Passage
from rag.generation.lists import asked_items

STEPS = (
    "Open the lid with a coin.\n\nChanging the batteries:\n"
    "1. Remove both cells.\n2. Wait ten seconds.\n\n3. Put in two new ones.\n\nClose the lid."
)
KIT = "- One sensor with a shield\n- A steel clamp\n- Two cells"


def items(question: str, text: str, place: str, heading: tuple[str, ...] = ()) -> list[str]:
    passage = Passage("", "", 1, "", "HX-240 sensor", None, 0, len(text), 1.0, text, heading=heading)
    return [text[start:end] for start, end in asked_items(question, passage, text.index(place))]


@pytest.mark.parametrize("place", ["Changing", "1.", "Wait", "3."])
def test_a_list_is_given_whole_from_wherever_it_was_found(place: str) -> None:
    assert items("How do I change the batteries of the HX-240?", STEPS, place) == [
        "1. Remove both cells.",
        "2. Wait ten seconds.",
        "3. Put in two new ones.",
    ]


def test_the_heading_announces_a_list_that_its_passage_begins_with() -> None:
    heading = ("Manual", "What is in the box")
    assert items("What comes in the box?", KIT, "- A steel", heading) == []  # nothing says "comes"
    assert items("What's in the box?", KIT, "- A steel", heading) == KIT.split("\n")


@pytest.mark.parametrize(
    "question",
    [
        "Which clamp is in the box?",  # of one item
        "How many cells are in the box?",
        "How many are in the box?",  # an amount
        "What is the HX-240?",  # of the title, not of the list
        "What is in the handbook?",
    ],
)
def test_other_questions_do_not_get_it(question: str) -> None:
    assert items(question, f"In the box\n{KIT}", "- A steel") == []


@pytest.mark.parametrize("question", ["Who chairs the committee?", "who is in the committee"])
def test_a_question_for_a_person_does_not_get_all_of_them(question: str) -> None:
    text = "Chairs of the committee\n1. Ada Stone\n2. Ben Ash"
    assert items(question, text, "1.") == []
    assert len(items("Who are the chairs of the committee?", text, "1.")) == 2


def test_text_beside_a_list_and_a_list_of_one_are_none() -> None:
    assert items("How do I close the lid?", STEPS, "Close") == []
    assert items("What is in the box?", "In the box\n- A clamp", "- A") == []
