import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.scoring.words import analyze, content_words, query_words


@given(st.text())
def test_any_text_has_words_that_hold_no_white_space(text: str) -> None:
    for word in analyze(text):
        assert word
        assert word.split() == [word]


@given(st.text(alphabet="abcXYZ ÄÖüß", max_size=40))
def test_case_makes_no_difference(text: str) -> None:
    assert analyze(text.swapcase()) == analyze(text)


@given(st.text(), st.text())
def test_texts_apart_are_analysed_apart(left: str, right: str) -> None:
    assert analyze(f"{left}\n\n{right}") == analyze(left) + analyze(right)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("runs running ran", ["run", "run", "ran"]),
        ("ﬁne ＡＢＣ １２", ["fine", "abc", "12"]),
        ("1,200.50 units", ["1,200.50", "unit"]),
        ("don't", ["don", "t"]),
        ("snake_case", ["snake", "case"]),
        ("東京 tower", ["東京", "tower"]),
        ("!?—…", []),
    ],
)
def test_words_are_cut_as_documented(text: str, words: list[str]) -> None:
    assert analyze(text) == words


def test_content_words_leave_out_stop_words_whatever_their_inflection() -> None:
    assert content_words("What are the having and doing of it?") == []
    assert content_words("The sensors were recalibrated") == analyze("sensors recalibrated")


def test_a_query_of_stop_words_alone_searches_for_them() -> None:
    assert query_words("Who are you?") == ["who", "are", "you"]
    assert query_words("the sensor, the sensor") == ["sensor"]
    assert query_words("") == []
