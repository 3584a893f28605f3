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
        ("東京 tower", ["東京", "東", "京", "tower"]),
        ("猫", ["猫"]),
        ("ジョン・スミス", ["ジョ", "ョン", "スミ", "ミス"]),
        ("인공지능", ["인공", "공지", "지능"]),
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
    ("word", "stem"),
    [
        ("हिन्दी", "हिन्द"),  # vowels after and below the letters, which Python's \w leaves out
        ("தமிழ்", "தமிழ்"),
        ("עִבְרִית", "עִבְרִית"),
        ("مُحَمَّد", "محمد"),
        ("q\u0303u\u0323\u0301", "q\u0303\u1ee5\u0301"),  # no such letters in one code point
    ],
)
def test_marks_do_not_part_a_word(word: str, stem: str) -> None:
    assert analyze(f"{word}, {word}") == [unicodedata.normalize("NFKC", stem)] * 2


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("İstanbul", ["istanbul"]),  # folding case takes the dot off the letter
        ("ΠΡΩΤΕ\u0399\u0308\u0301ΝΗ πρωτεΐνη", ["πρωτειν", "πρωτειν"]),  # and here puts it apart
        ("STRASSE straße", ["strass", "strass"]),
        ("1\ufe0f\u20e3 a\ufe0f", ["1", "a"]),  # how an emoji is drawn is no part of a word
    ],
)
def test_letters_that_fold_to_several_stay_in_their_word(written: str, words: list[str]) -> None:
    assert analyze(written) == words


@pytest.mark.parametrize(
    "forms",
    [
        "книга книги книгами кни\u0301га",  # Russian; stress marks teach
        "ёлка елка",
        "πόλη πόλεις ΠΟΛΗ",
        "كتاب الكتاب والكتاب كِتَاب كـــتاب",
        "أحمد احمد إحمد",
        "किताब किताबें",
        "café cafe CAFÉS",
        "Erdoğan Erdogan ERDOĞAN",
        "ışık IŞIK isik",
        "Łódź Lodz",
        "٢٠٢٦ २०२६ ๒๐๒๖ 2026",
    ],
)
def test_forms_of_a_word_are_one_word(forms: str) -> None:
    assert len(set(analyze(forms))) == 1


@pytest.mark.parametrize("words", ["đường dưỡng", "bạn bàn bán", "ma mạ mả", "йод иод"])
def test_letters_that_part_words_are_kept(words: str) -> None:
    assert len(set(analyze(words))) > 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ฉันกินข้าวที่บ้าน", "ข้าว"),  # Thai
        ("ຂ້ອຍກິນເຂົ້າຢູ່ເຮືອນ", "ກິນເຂົ້າ"),  # Lao
        ("ខ្ញុំញ៉ាំបាយនៅផ្ទះ", "ផ្ទះ"),  # Khmer, with letters stacked
        ("ကျွန်တော်ထမင်းစားသည်", "ထမင်း"),  # Burmese
        ("我喜欢猫", "猫"),
        ("人々の検索", "検索"),
        ("한국어인공지능", "인공지능"),
    ],
)
def test_a_word_is_found_in_text_without_spaces(text: str, word: str) -> None:
    assert set(query_words(word)) <= set(analyze(text))


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_changes_nothing(text: str) -> None:
    assert analyze(text) == analyze(f"{text} §")


SCRIPTS = "aZé ßđạ Яё Σς أةىـُ हिंी กำเ็้ ກຳເ ខ្ញុំ ကျွန် 漢々〇 かカー・ 한 ٣३ \u0301\u200b"


@given(st.text(alphabet=SCRIPTS, max_size=12), st.text(alphabet=SCRIPTS, max_size=12))
def test_scripts_mixed_in_a_word_keep_the_laws(left: str, right: str) -> None:
    assert analyze(f"{left}\n\n{right}") == analyze(left) + analyze(right)
    assert all(word and word.split() == [word] for word in analyze(left))
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert analyze(unicodedata.normalize(form, left)) == analyze(left)
