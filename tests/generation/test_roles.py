from rag.generation.roles import item_label, role_holder


def test_a_name_that_the_question_says_holds_no_role() -> None:
    song = "Fool (If You Think It's Over) is a song by Chris Rea."
    assert role_holder("who is the singer of fool if you think it's over", song) is None


def test_the_mark_of_a_question_is_no_label() -> None:
    about = frozenset({"modul"})
    assert (
        item_label("what does the secrets module use", "* Q: Will secrets use random numbers?", about)
        is None
    )
    assert item_label("which module use secrets", "* safe: It has use for secrets.", about) == (2, 6)
