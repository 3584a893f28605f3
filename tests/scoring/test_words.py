import unicodedata

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


# Letters and marks of every script, those that fold or decompose, and half of a surrogate pair.
ANY_TEXT = st.text(st.characters() | st.sampled_from("İıßΐΰǰﬁſ½①\u0301\u0323\u093f\u200d\ufe0f\ud800"))
# Without loose marks: folding makes a letter of the Greek iota below, and so their order would count.
LETTERS = st.text(st.characters(categories=["L", "N", "P", "Z"]) | st.sampled_from("İıßΐΰǰﬁſ½①"))


@given(ANY_TEXT)
def test_analysis_takes_any_text_and_queries_are_its_distinct_words(text: str) -> None:
    words = analyze(text)
    assert set(query_words(text)) <= set(words)
    assert len(set(query_words(text))) == len(query_words(text))
    assert bool(query_words(text)) is bool(words)
    assert content_words(text) == [word for word in words if word in set(content_words(text))]


@given(ANY_TEXT)
def test_the_normal_form_of_a_text_makes_no_difference(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert analyze(unicodedata.normalize(form, text)) == analyze(text)


@given(LETTERS)
def test_folding_case_beforehand_makes_no_difference(text: str) -> None:
    assert analyze(text.casefold()) == analyze(text)


@pytest.mark.parametrize(
    "word",
    [
        "हिन्दी",  # vowels after and below the letters, which Python's \w leaves out
        "தமிழ்",
        "עִבְרִית",
        "مُحَمَّد",
        "q\u0303u\u0323\u0301",  # no such letters in one code point
    ],
)
def test_marks_do_not_part_a_word(word: str) -> None:
    assert analyze(f"{word}, {word}") == [unicodedata.normalize("NFKC", word)] * 2


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("İstanbul", ["i\u0307stanbul"]),  # folding takes the dot off the letter
        ("ΠΡΩΤΕ\u0399\u0308\u0301ΝΗ πρωτεΐνη", ["πρωτεΐνη", "πρωτεΐνη"]),  # and here puts it apart
        ("STRASSE straße", ["strass", "strass"]),
        ("1\ufe0f\u20e3 a\ufe0f", ["1", "a"]),  # how an emoji is drawn is no part of a word
    ],
)
def test_letters_that_fold_to_several_stay_in_their_word(written: str, words: list[str]) -> None:
    assert analyze(written) == words
