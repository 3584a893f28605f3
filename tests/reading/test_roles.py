import pytest

from rag.reading.roles import item_label, role_holder


def test_a_name_that_the_question_says_holds_no_role() -> None:
    song = "Fool (If You Think It's Over) is a song by Chris Rea."
    assert role_holder("who is the singer of fool if you think it's over", song, frozenset()) is None


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Who is the chair?", "Ruth Adeyemi"),
        ("Who is the vice chair?", "Ines Varga"),
        ("Who was the deputy treasurer?", "Tom Reed"),
        ("Who is the club treasurer?", "Paul Novak"),
        ("Who is the current treasurer?", "Paul Novak"),
        ("Who was the former treasurer?", None),
        ("Who is the deputy chair?", None),
    ],
)
def test_a_role_of_more_words_is_another(question: str, name: str | None) -> None:
    present = (
        "Ruth Adeyemi (chair), Paul Novak (treasurer), Ines Varga (vice chair), Tom Reed (deputy treasurer)"
    )
    found = role_holder(question, present, frozenset({"club"}))
    assert (found and present[slice(*found)]) == name


@pytest.mark.parametrize(
    ("question", "item", "label"),
    [
        ("what is free for members", "- Parking: two hours are free for members.", "Parking"),
        ("what is the plan with unlimited data", "- Max: unlimited data", "Max"),
        ("what is the deposit for a key", "- Keys: the deposit for a key is 30 EUR.", None),
        ("what is closed until May", "- Warning: the diving board is closed until May.", None),
        ("which bug was a crash", "- Fixed: a crash when the bug shows", None),
        ("who opens the office", "- Anna: opens the office on Mondays", "Anna"),
        ("who opens the office", "- Note: Anna opens the office", None),
        ("who sends the budget", "- Action: Ines to send the budget", None),
    ],
)
def test_a_label_that_says_of_what_kind_an_item_is_answers_nothing(
    question: str, item: str, label: str | None
) -> None:
    found = item_label(question, item, frozenset({"plan"}))
    assert (found and item[slice(*found)]) == label


def test_the_mark_of_a_question_is_no_label() -> None:
    about = frozenset({"modul"})
    assert (
        item_label("what does the secrets module use", "* Q: Will secrets use random numbers?", about)
        is None
    )
    assert item_label("which module use secrets", "* safe: It has use for secrets.", about) == (2, 6)
