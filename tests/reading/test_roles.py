import pytest

from rag.reading.roles import role_holder


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
        ("Who chaired the meeting?", "Ruth Adeyemi"),
        ("Who asked the chair?", None),
    ],
)
def test_a_role_of_more_words_is_another(question: str, name: str | None) -> None:
    present = (
        "Ruth Adeyemi (chair), Paul Novak (treasurer), Ines Varga (vice chair), Tom Reed (deputy treasurer)"
    )
    found = role_holder(question, present, frozenset({"club"}))
    assert (found and present[slice(*found)]) == name
