import re
import string

import pytest
from _timing import least_seconds
from hypothesis import given
from hypothesis import strategies as st

from rag.scoring.sentences import sentence_spans

TEXTS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *'.!?。！？।\n\r\t |-*•"”’)]1234567890ABCabc,;:~',
                "```",
                "\n```sh\n",
                "\u2028",
                "\u00a0",
                "𝔘",
                "🙂",
            ]
        ),
        st.characters(codec="utf-8"),
    ),
    max_size=200,
).map("".join)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@given(TEXTS)
def test_spans_ascend_and_are_disjoint_trimmed_and_not_empty(text: str) -> None:
    last = 0
    for start, end in sentence_spans(text):
        assert last <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        last = end


@given(TEXTS)
def test_every_character_that_is_not_space_is_in_a_sentence(text: str) -> None:
    outside = list(text)
    for start, end in sentence_spans(text):
        outside[start:end] = " " * (end - start)
    assert "".join(outside).strip() == ""


@given(TEXTS, st.integers(0, 200), st.integers(0, 200))
def test_a_part_of_a_text_has_its_sentences_inside_the_part(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    spans = sentence_spans(text, start=start, end=end)
    assert all(start <= first and last <= end for first, last in spans)
    joined = "".join(text[first:last] for first, last in spans)
    assert re.sub(r"\s", "", joined) == re.sub(r"\s", "", text[start:end])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It works. It is fast.", ["It works.", "It is fast."]),
        ("Is it? Yes! It is.", ["Is it?", "Yes!", "It is."]),
        ("Dr. J. R. Smith of St. Ives vs. Mr. Who.", ["Dr. J. R. Smith of St. Ives vs. Mr. Who."]),
        ("It costs 3.50 e.g. in the U.S. today. Buy.", ["It costs 3.50 e.g. in the U.S. today.", "Buy."]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("They came in 1901. Two left.", ["They came in 1901.", "Two left."]),
        ("検索する。答える！本当？", ["検索する。", "答える！", "本当？"]),
        ("「止まれ。」と言った。", ["「止まれ。」", "と言った。"]),
        ("A heading\n\nA sentence\nover two lines.", ["A heading", "A sentence\nover two lines."]),
        ("2.1.2025\n========\nIt got stuck\nat noon.", ["2.1.2025\n========", "It got stuck\nat noon."]),
        ("---\ntitle: A lease\n---\nThe rent.", ["---\ntitle: A lease\n---", "The rent."]),
        ("Parts:\n- one\n- two. Three", ["Parts:", "- one", "- two.", "Three"]),
        ("1. First item\n2. Second item", ["1. First item", "2. Second item"]),
        ("4.1 Fees are due\n4.2. Costs\n(a) of post", ["4.1 Fees are due", "4.2. Costs", "(a) of post"]),
        ("It paid\n4.1 million\nii. Rent\niv) Heat", ["It paid\n4.1 million", "ii. Rent", "iv) Heat"]),
        ("Name | Size\nA | 1\nB | 2", ["Name | Size", "A | 1", "B | 2"]),
        ("Wait... what? Fine.", ["Wait... what?", "Fine."]),
        ("Use rag/core/types.py. Then run it.", ["Use rag/core/types.py.", "Then run it."]),
        (
            "[10:02] maya: hi\n[10:03] jo: yes, two\nof them",
            ["[10:02] maya: hi", "[10:03] jo: yes, two\nof them"],
        ),
        (
            "9/5/26, 10:02 - Al: hi\n9/5/26, 10:03 - Bo: ok",
            ["9/5/26, 10:02 - Al: hi", "9/5/26, 10:03 - Bo: ok"],
        ),
        (
            "2026-05-09T10:02:11Z up\n2026-05-09 10:03 down",
            ["2026-05-09T10:02:11Z up", "2026-05-09 10:03 down"],
        ),
        (
            "9:00 Welcome\n9:30 – 10:00 Talks\n10:15 am: Tea",
            ["9:00 Welcome", "9:30 – 10:00 Talks", "10:15 am: Tea"],
        ),
        (
            "| A | B |\n|---|---|\n| x. y | Yes. No. |\nIt is.",
            ["| A | B |", "|---|---|", "| x. y | Yes. No. |", "It is."],
        ),
        ("Name. A | Yes. No.\nIt is.", ["Name.", "A | Yes. No.", "It is."]),
        (
            "Run:\n```sh\na. b\n\n- c | d\n```\nThen wait.",
            ["Run:", "```sh\na. b\n\n- c | d\n```", "Then wait."],
        ),
        ("1. Add:\n   ~~~\n   a\n   ~~~\n2. Go", ["1. Add:", "~~~\n   a\n   ~~~", "2. Go"]),
        (
            "Setup\n~~~~~\n\nRun it. Wait.\n\nUse\n~~~\n\nIt is so.",
            ["Setup\n~~~~~", "Run it.", "Wait.", "Use\n~~~", "It is so."],
        ),
        ("Run:\n~~~\na. b\n~~~\nSo.", ["Run:", "~~~\na. b\n~~~", "So."]),
        ("Run.\n~~~~~ sh\na. b\n~~~~~\nSo.", ["Run.", "~~~~~ sh\na. b\n~~~~~", "So."]),
        ("Run. Then:\n```python\nx = 1.\ny = 2", ["Run.", "Then:", "```python\nx = 1.\ny = 2"]),
        ("x = 1.\ny = 2\n```", ["x = 1.\ny = 2\n```"]),
        ('Wait.\n\n!!! note "Why"\n    It is. So.', ["Wait.", '!!! note "Why"', "It is.", "So."]),
        ("??? tip\n    It is!!! Really.", ["??? tip", "It is!!!", "Really."]),
        ("Run it. ```sh\nmake\n```", ["Run it.", "```sh\nmake\n```"]),
        ("Use ```a``` here. Or ~~so~~.", ["Use ```a``` here.", "Or ~~so~~."]),
        (
            "He wrote:\n> Two. It\n> is so:\n>\n> - one\n> - two",
            ["He wrote:\n> Two.", "It\n> is so:\n>", "> - one", "> - two"],
        ),
        ("Tel. 01482 555, ext. 2. Open.", ["Tel. 01482 555, ext. 2.", "Open."]),
        ("It is 49 EUR incl. 20 % VAT. See Art. 6.", ["It is 49 EUR incl. 20 % VAT.", "See Art. 6."]),
        ("Dock Rd. 5, Bldg. 7. Hauptstr. 12", ["Dock Rd. 5, Bldg. 7.", "Hauptstr. 12"]),
        ("Mon. – Fri. 9 to 17, Sat. 10 to 12", ["Mon. – Fri. 9 to 17, Sat. 10 to 12"]),
        ("It is 5 kg. 3 were sold. We sat. 4 ran.", ["It is 5 kg.", "3 were sold.", "We sat.", "4 ran."]),
        (
            "VAT No. GB 284 is ours. He said no. We left.",
            ["VAT No. GB 284 is ours.", "He said no.", "We left."],
        ),
        ("He said no. Then two. No. 5 is it.", ["He said no.", "Then two.", "No. 5 is it."]),
        ("Am 3. Mai ist Fest. Am 4. Dann nie.", ["Am 3. Mai ist Fest.", "Am 4.", "Dann nie."]),
        (
            "Am 3. April ist Fest. It was 12. April was 3.",
            ["Am 3. April ist Fest.", "It was 12.", "April was 3."],
        ),
        ("Freitag, 3. August, 4. August 2024", ["Freitag, 3. August, 4. August 2024"]),
        ("We orbit the Sun. 8 planets do. Sun. 8 am", ["We orbit the Sun.", "8 planets do.", "Sun. 8 am"]),
        ("So. 9.30, Mi. 10 bis 12. Do. 5 do.", ["So. 9.30, Mi. 10 bis 12.", "Do.", "5 do."]),
        ("It renders html. 5 tags are kept.", ["It renders html.", "5 tags are kept."]),
        ("## 1. Aims\nTo be.\n# So\nIt is.", ["## 1. Aims", "To be.", "# So", "It is."]),
        ("We are open until\n10:00 and then close.", ["We are open until\n10:00 and then close."]),
        ("La directora es la Sra. Ruiz. Sí.", ["La directora es la Sra. Ruiz.", "Sí."]),
        ("Склад на ул. Лесной, д. 7. Да.", ["Склад на ул. Лесной, д. 7.", "Да."]),
        ("Die 2. Etage ist frei. Im 3. Stock nicht.", ["Die 2. Etage ist frei.", "Im 3. Stock nicht."]),
        ("Er war der 3. Danach ging er.", ["Er war der 3.", "Danach ging er."]),
        ("Il dit « Bonjour. » Puis il part.", ["Il dit « Bonjour. »", "Puis il part."]),
        ("|A|B. C|\n|---|---|\n|x|y!|\nThen. So.", ["|A|B. C|", "|---|---|", "|x|y!|", "Then.", "So."]),
        ("The norm |x|\nis one. Yes.", ["The norm |x|\nis one.", "Yes."]),
        ("Drücken Sie die 1. Warten Sie.", ["Drücken Sie die 1.", "Warten Sie."]),
        ("Am Freitag, der 12. Bitte kommen Sie.", ["Am Freitag, der 12.", "Bitte kommen Sie."]),
        ("Мы сказали им. Все хорошо.", ["Мы сказали им.", "Все хорошо."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_an_empty_or_blank_text_has_no_sentences() -> None:
    assert sentence_spans("") == sentence_spans(string.whitespace) == []


@pytest.mark.parametrize(
    "piece",
    [
        "word ",
        ".",
        '!"',
        "\n",
        "1. ",
        " | ",
        "a. ",
        "\n1:00 ",
        "| a. ",
        "\n| a. |",
        "```\n",
        "\n```a",
        "!!! a\n",
        "\n!!! a",
        "\n# a",
        "Nr. 1 ",
    ],
)
def test_a_long_text_is_read_in_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    assert least_seconds(lambda: sentence_spans(text), times=1) < 5.0  # quadratic time would be minutes
