import pytest

from rag.reading.items import item_label


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
